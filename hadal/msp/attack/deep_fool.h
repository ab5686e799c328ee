#pragma once

#include "hadal/msp/attack/attack.h"

#include <limits>
#include <string>

namespace hadal::msp {

struct DeepFoolOptions {
  Threat threat = {.norm = Norm::l2, .epsilon = std::numeric_limits<double>::infinity()};
  int steps = 50;
  double overshoot = 0.02;  ///< by how much the sum of steps is stretched
  /// Boundaries that are looked at: those to the classes that the clean input is most taken for.
  int candidates = 10;
};

/// DeepFool (Moosavi-Dezfooli et al., 2016): steps to the nearest of the boundaries that the
/// classifier, taken as linear, has, until one is crossed. Goes for a small perturbation, and
/// counts as success what is within epsilon. For l2 and linf, and goals without targets.
class DeepFool : public Attack {
 public:
  /// Throws InvalidArgument for an option out of range.
  explicit DeepFool(const DeepFoolOptions& options = {});
  std::string name() const override { return "deepfool"; }
  const Threat& threat() const override { return options_.threat; }
  at::Tensor find(const Problem& problem) const override;

 private:
  DeepFoolOptions options_;
};

}  // namespace hadal::msp
