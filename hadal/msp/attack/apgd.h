#pragma once

#include "hadal/msp/attack/attack.h"
#include "hadal/msp/attack/loss.h"

#include <string>

namespace hadal::msp {

struct ApgdOptions {
  Threat threat = {};
  int steps = 100;
  int restarts = 1;
  double rho =
      0.75;  ///< the share of steps that must have raised the loss, for a step size to stay
  Loss loss = Loss::cross_entropy;
  /// Above 0: each run instead raises the targeted logit ratio to one of this many classes, those
  /// that come first in the logits of the clean input (APGD-T); `restarts` runs each. Any class but
  /// the label is a success all the same.
  int target_classes = 0;
};

/// Auto-PGD (Croce and Hein, 2020, "Reliable evaluation of adversarial robustness with an ensemble
/// of diverse parameter-free attacks"): PGD with momentum whose step size starts at twice epsilon
/// and is halved for an input, which goes back to its best point, where at a checkpoint the loss
/// has risen too seldom. For linf and l2. An input is done as soon as it reaches the goal.
class Apgd : public Attack {
 public:
  /// Throws InvalidArgument for an option out of range.
  explicit Apgd(const ApgdOptions& options = {});
  std::string name() const override;
  const Threat& threat() const override { return options_.threat; }
  at::Tensor find(const Problem& problem) const override;

 private:
  at::Tensor ascend(const Problem& problem, const at::Tensor& targets, int run) const;

  ApgdOptions options_;
};

}  // namespace hadal::msp
