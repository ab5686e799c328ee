#pragma once

#include "hadal/msp/attack/classifier.h"
#include "hadal/msp/backdoor/poison/poison.h"

namespace hadal::msp {

struct CleanLabelOptions {
  PoisonOptions poison = {.rate = 0.5};
  double epsilon = 0.3;  ///< linf, of the adversarial change
  int steps = 10;        ///< of PGD
};

/// Poisons images of the target alone and leaves their labels, which stay right to the eye: each is
/// moved adversarially against `surrogate`, a network that was trained on like data, so that its
/// own features tell little, and then stamped ("label-consistent backdoor attacks", Turner et al.,
/// 2019). Throws as poison_target_class(), and what Pgd throws.
PoisonedImages poison_clean_label(const data::LabelledImages& set, const Trigger& trigger,
                                  const Classifier& surrogate, const CleanLabelOptions& options);

}  // namespace hadal::msp
