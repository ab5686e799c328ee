#pragma once

#include "hadal/msp/attack/problem.h"

#include <cstdint>
#include <functional>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

struct RunOptions {
  std::uint64_t seed = 0;
  std::int64_t batch = 250;  ///< inputs that are worked on at once
  /// Called before each use of the classifier; throws to end the run.
  std::function<void()> check_interrupt = [] {};
};

/// What came of each of n inputs.
struct AttackResult {
  /// As the inputs: the adversarial point where there is success; else the last one tried, which is
  /// within the threat too.
  at::Tensor points;
  /// bool [n]: the goal is reached, by the clean input already or by the point.
  at::Tensor success;
  at::Tensor already;   ///< bool [n]: by the clean input
  at::Tensor distance;  ///< fp64 [n]: of the point from the input, in the threat's norm
  Effort effort;
};

/// An attack with its options. Whatever an algorithm returns is projected, exactly, into what the
/// threat allows, and only then judged by the classifier: no attack can overstate its success.
class Attack {
 public:
  virtual ~Attack() = default;
  virtual std::string name() const = 0;

  /// Attacks `inputs` [n, ...], fp32 or fp64 within the threat's range. Those that reach the goal
  /// as they are stay as they are. One seed gives one result, which depends on the batch size and
  /// on the other inputs only as far as the classifier's rounding does. Throws InvalidArgument for
  /// inputs, labels or options that do not fit, and what Problem throws.
  AttackResult run(const Classifier& classifier, const at::Tensor& inputs, const Goal& goal,
                   const RunOptions& options = {}) const;

  /// For those who combine attacks: a point for each of the problem's inputs.
  virtual at::Tensor find(const Problem& problem) const = 0;
  virtual const Threat& threat() const = 0;
};

/// Up to `runs` runs of `find`, each on those inputs that none before has solved; what it returns
/// for an input that none solves is that of the last run.
at::Tensor with_restarts(const Problem& problem, int runs,
                         const std::function<at::Tensor(const Problem& open, int run)>& find);

}  // namespace hadal::msp
