#pragma once

#include "hadal/msp/attack/pgd.h"

#include <string>

namespace hadal::msp {

struct BimOptions {
  Threat threat = {};
  int steps = 10;
  double step_size = 2.0 / 255;
  Loss loss = Loss::cross_entropy;
  bool early_stop = true;
};

/// The basic iterative method (Kurakin et al., 2017): Pgd from the clean input.
class Bim : public Pgd {
 public:
  /// Throws InvalidArgument for an option out of range.
  explicit Bim(const BimOptions& options = {})
      : Pgd({.threat = options.threat,
             .steps = options.steps,
             .step_size = options.step_size,
             .random_start = false,
             .loss = options.loss,
             .early_stop = options.early_stop}) {}
  std::string name() const override { return "bim"; }
};

}  // namespace hadal::msp
