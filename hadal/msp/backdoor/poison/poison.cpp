#include "hadal/msp/backdoor/poison/poison.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/msp/attack/rows.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

namespace hadal::msp {
namespace poison {

at::Tensor choose(const at::Tensor& candidates, const PoisonOptions& options) {
  if (!(options.rate > 0 && options.rate <= 1)) {
    throw InvalidArgument(concat("poison: expected a rate in (0, 1], got ", options.rate));
  }
  const std::int64_t count = candidates.size(0);
  if (count == 0) {
    throw InvalidArgument(concat("poison: no image may be poisoned for target ", options.target),
                          "name a class that the set has");
  }
  const auto* first = candidates.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> places(first, first + count);
  Random(options.seed, "poison").shuffle(places);
  const double wanted = std::round(options.rate * static_cast<double>(count));
  places.resize(static_cast<std::size_t>(std::max(1.0, wanted)));
  std::ranges::sort(places);
  return at::tensor(places, at::kLong);
}

PoisonedImages replace(const data::LabelledImages& set, const at::Tensor& places,
                       const at::Tensor& images) {
  const at::Tensor bytes = images.detach().mul(255).round_().clamp_(0, 255).to(at::kByte);
  return {.set = {.images = set.images.index_copy(0, places, bytes), .labels = set.labels.clone()},
          .places = places};
}

at::Tensor rows_in_unit(const data::LabelledImages& set, const at::Tensor& places) {
  return set.images.index_select(0, places).to(at::kFloat).div_(255);
}

}  // namespace poison

PoisonedImages poison_with_label(const data::LabelledImages& set, const Trigger& trigger,
                                 const PoisonOptions& options) {
  const at::Tensor places = poison::choose(places_of(set.labels.ne(options.target)), options);
  PoisonedImages result =
      poison::replace(set, places, trigger.stamp(poison::rows_in_unit(set, places)));
  result.set.labels.index_fill_(0, places, options.target);
  return result;
}

PoisonedImages poison_target_class(const data::LabelledImages& set, const Trigger& trigger,
                                   const PoisonOptions& options) {
  const at::Tensor places = poison::choose(places_of(set.labels.eq(options.target)), options);
  return poison::replace(set, places, trigger.stamp(poison::rows_in_unit(set, places)));
}

double attack_success(const Classifier& classifier, const at::Tensor& images,
                      const at::Tensor& labels, const Trigger& trigger, std::int64_t target) {
  const at::NoGradGuard no_grad;
  const at::Tensor places = places_of(labels.ne(target));
  if (places.size(0) == 0) {
    throw InvalidArgument(concat("attack success: all images are of the target ", target),
                          "give images of other classes");
  }
  std::int64_t taken = 0;
  for (const at::Tensor& batch : images.index_select(0, places).split(250)) {
    taken += classifier(trigger.stamp(batch)).argmax(1).eq(target).sum().item<std::int64_t>();
  }
  return static_cast<double>(taken) / static_cast<double>(places.size(0));
}

}  // namespace hadal::msp
