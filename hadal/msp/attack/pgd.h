#pragma once

#include "hadal/msp/attack/attack.h"
#include "hadal/msp/attack/loss.h"

#include <string>

namespace hadal::msp {

struct PgdOptions {
  Threat threat = {};
  int steps = 20;
  double step_size = 2.0 / 255;  ///< of each step, in the threat's norm
  int restarts = 1;              ///< runs in all, each on what is left
  bool random_start = true;      ///< uniform in the ball; else at the clean input
  /// What is kept of the sum of gradients, each over its L1 norm, that steps follow (Dong et al.,
  /// 2018); with 0 steps follow the gradient alone.
  double momentum = 0;
  Loss loss = Loss::cross_entropy;
  /// An input is done as soon as a step reaches the goal; else all make all steps.
  bool early_stop = true;
};

/// Projected gradient descent (Madry et al., 2018): steps of steepest ascent of the loss, each
/// projected into the ball.
class Pgd : public Attack {
 public:
  /// Throws InvalidArgument for an option out of range.
  explicit Pgd(const PgdOptions& options = {});
  std::string name() const override { return "pgd"; }
  const Threat& threat() const override { return options_.threat; }
  at::Tensor find(const Problem& problem) const override;

 private:
  at::Tensor ascend(const Problem& problem, int run) const;

  PgdOptions options_;
};

}  // namespace hadal::msp
