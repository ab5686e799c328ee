#pragma once

#include "hadal/msp/attack/attack.h"

#include <string>

namespace hadal::msp {

struct FabOptions {
  Threat threat = {};
  int steps = 100;
  int restarts = 1;        ///< the first from the clean input, others from a random point
  double alpha_max = 0.1;  ///< the largest share of the clean input's own projection in a step
  double eta = 1.05;       ///< how far steps go beyond the boundary, 1 or more
  double beta = 0.9;       ///< what is kept of the perturbation once it is adversarial, below 1
  /// Above 0: each run looks at the boundary to one class only, of this many that come first in the
  /// logits of the clean input (FAB-T), which costs two gradients a step instead of one a class.
  int target_classes = 0;
};

/// The fast adaptive boundary attack (Croce and Hein, 2020, "Minimally distorted adversarial
/// examples with a fast adaptive boundary attack"): looks for the nearest adversarial point by
/// projections to linearized boundaries within the range, and counts as success what is within
/// epsilon. For goals without targets.
class Fab : public Attack {
 public:
  /// Throws InvalidArgument for an option out of range.
  explicit Fab(const FabOptions& options = {});
  std::string name() const override { return options_.target_classes > 0 ? "fab-t" : "fab"; }
  const Threat& threat() const override { return options_.threat; }
  at::Tensor find(const Problem& problem) const override;

 private:
  at::Tensor approach(const Problem& problem, const at::Tensor& targets, int run) const;
  at::Tensor start(const Problem& problem, int run) const;

  FabOptions options_;
};

}  // namespace hadal::msp
