#pragma once

#include "hadal/msp/attack/pgd.h"

#include <string>

namespace hadal::msp {

struct MiFgsmOptions {
  Threat threat = {};
  int steps = 10;
  double step_size = 2.0 / 255;
  double momentum = 1;  ///< above 0
  Loss loss = Loss::cross_entropy;
  bool early_stop = true;
};

/// The momentum iterative method (Dong et al., 2018), whose points carry over to other models
/// better than Bim's.
class MiFgsm : public Pgd {
 public:
  /// Throws InvalidArgument for an option out of range.
  explicit MiFgsm(const MiFgsmOptions& options = {})
      : Pgd({.threat = options.threat,
             .steps = options.steps,
             .step_size = options.step_size,
             .random_start = false,
             .momentum = options.momentum,
             .loss = options.loss,
             .early_stop = options.early_stop}) {}
  std::string name() const override { return "mi-fgsm"; }
};

}  // namespace hadal::msp
