#pragma once

#include "hadal/msp/attack/attack.h"

#include <limits>
#include <string>

namespace hadal::msp {

struct CarliniWagnerOptions {
  Threat threat = {.norm = Norm::l2, .epsilon = std::numeric_limits<double>::infinity()};
  double initial_constant = 1e-3;  ///< the weight of the classifier against the distance, above 0
  int searches = 9;                ///< runs, between which the constant is searched
  int steps = 1000;                ///< of Adam in a run
  double learning_rate = 0.01;
  double confidence = 0;  ///< the margin that is gone for, 0 or more
};

/// Carlini and Wagner's attack in L2 (2017): Adam on the squared distance plus a constant times
/// what is missing of the margin, in the space of arctanh, with a search of the smallest constant
/// for each input. Returns the nearest point that reached the goal, and counts as success what is
/// within epsilon.
class CarliniWagner : public Attack {
 public:
  /// Throws InvalidArgument for another norm than l2 and for an option out of range.
  explicit CarliniWagner(const CarliniWagnerOptions& options = {});
  std::string name() const override { return "carlini-wagner"; }
  const Threat& threat() const override { return options_.threat; }
  at::Tensor find(const Problem& problem) const override;

 private:
  CarliniWagnerOptions options_;
};

}  // namespace hadal::msp
