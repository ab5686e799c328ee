#include "hadal/msp/backdoor/poison/clean_label.h"

#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/attack/rows.h"

namespace hadal::msp {

PoisonedImages poison_clean_label(const data::LabelledImages& set, const Trigger& trigger,
                                  const Classifier& surrogate, const CleanLabelOptions& options) {
  const PoisonOptions& chosen = options.poison;
  const at::Tensor places = poison::choose(places_of(set.labels.eq(chosen.target)), chosen);
  // Without an early stop: what counts is how little is left of the class, not that it has changed.
  const Pgd attack({.threat = {.epsilon = options.epsilon},
                    .steps = options.steps,
                    .step_size = 2.5 * options.epsilon / options.steps,
                    .early_stop = false});
  const auto result =
      attack.run(surrogate, poison::rows_in_unit(set, places),
                 {.labels = set.labels.index_select(0, places)}, {.seed = chosen.seed});
  return poison::replace(set, places, trigger.stamp(result.points));
}

}  // namespace hadal::msp
