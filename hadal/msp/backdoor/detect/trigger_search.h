#pragma once

#include "hadal/msp/backdoor/detect/detector.h"

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

struct TriggerSearchOptions {
  int steps = 100;
  std::int64_t batch = 16;  ///< images, each of which is stamped for every class
  double success = 0.99;    ///< of a batch that a trigger has to turn
  std::uint64_t seed = 0;
  std::function<void()> check_interrupt = [] {};  ///< before each step; throws to end the search
};

/// Throws InvalidArgument, beginning with `what`, for an option out of range.
void validate(const TriggerSearchOptions& options, const char* what);

/// A batch with a trigger for each class.
struct StampedBatch {
  at::Tensor images;              ///< [classes, n, c, h, w]
  at::Tensor sizes;               ///< [classes], what is to be small
  std::vector<at::Tensor> parts;  ///< each [classes, ...]: what makes up the triggers
};

/// Stamps images [n, c, h, w]; differentiable in the parameters.
using BatchStamp = std::function<StampedBatch(const std::vector<at::Tensor>& parameters,
                                              const at::Tensor& images)>;

/// The smallest triggers that were seen to succeed.
struct SmallestTriggers {
  at::Tensor sizes;               ///< fp64 [classes]; `largest` where none succeeded
  std::vector<at::Tensor> parts;  ///< each [classes, ...]; the last ones where none succeeded
};

/// What differs between detectors.
struct TriggerSearchRates {
  double learning = 0.1;    ///< Adam's
  double first_cost = 0.1;  ///< of a unit of size
  double largest = 0;       ///< size that there can be
};

/// Lowers, for all classes at once, cross-entropy to the class plus cost * size by Adam, as Neural
/// Cleanse does (Wang et al., 2019): a class's cost rises by 1.5 after five batches of success in a
/// row, and falls by 1.5^1.5 after five without.
SmallestTriggers search_triggers(const Suspect& suspect, std::vector<at::Tensor> parameters,
                                 const BatchStamp& stamp, const TriggerSearchRates& rates,
                                 const TriggerSearchOptions& options);

/// The share of the suspect's images that it does not take for `target`, and does once they are
/// stamped; 0 where it takes all for it.
double success_on(const Suspect& suspect, const Trigger& trigger, std::int64_t target);

}  // namespace hadal::msp
