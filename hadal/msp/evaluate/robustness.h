#pragma once

#include "hadal/core/statistics.h"
#include "hadal/msp/attack/attack.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// A share of n inputs, with its 95 % interval (Wilson, 1927).
struct Share {
  std::int64_t count = 0;
  std::int64_t of = 0;
  double value = 0;
  Interval interval;
};

/// Throws InvalidArgument unless 0 <= count <= of and of > 0.
Share share_of(std::int64_t count, std::int64_t of);

struct AttackOutcome {
  std::string name;
  Share robust;       ///< right, and not broken by this attack, of all inputs
  at::Tensor broken;  ///< bool [n], those wrong without an attack included
  Effort effort;
};

/// How a classifier fares under several attacks.
struct Robustness {
  Share accuracy;  ///< without an attack
  std::vector<AttackOutcome> attacks;
  Share worst;  ///< right, and broken by none: the accuracy under the strongest for each input
  at::Tensor broken;  ///< bool [n], by any, or wrong without
};

/// Which inputs an attack is run on.
enum class Cascade {
  all,   ///< all, so that attacks can be compared
  left,  ///< those that none before has broken: quicker; outcomes are those after each attack
};

/// Runs `attacks` on `inputs` [n, ...] of the classes `labels` int64 [n]. Throws InvalidArgument
/// where there is no attack, and what Attack::run() throws.
Robustness evaluate_robustness(const Classifier& classifier, const at::Tensor& inputs,
                               const at::Tensor& labels,
                               const std::vector<std::shared_ptr<const Attack>>& attacks,
                               Cascade cascade = Cascade::all, const RunOptions& options = {});

struct CurvePoint {
  double epsilon = 0;
  Share robust;
};

/// The robust accuracy at each of `epsilons`, which must rise, under the attack that `attack_at`
/// makes for it. What is broken within a smaller epsilon is so within a larger one, so that the
/// curve never rises. Throws as evaluate_robustness().
std::vector<CurvePoint> robustness_curve(
    const Classifier& classifier, const at::Tensor& inputs, const at::Tensor& labels,
    const std::vector<double>& epsilons,
    const std::function<std::shared_ptr<const Attack>(double epsilon)>& attack_at,
    const RunOptions& options = {});

}  // namespace hadal::msp
