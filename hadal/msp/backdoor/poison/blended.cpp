#include "hadal/msp/backdoor/poison/blended.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/msp/backdoor/poison/image_check.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

namespace hadal::msp {

BlendedTrigger::BlendedTrigger(const BlendedOptions& options) : options_(options) {
  if (!(options.share > 0 && options.share <= 1)) {
    throw InvalidArgument(
        concat("blended trigger: expected a share in (0, 1], got ", options.share));
  }
}

at::Tensor BlendedTrigger::stamp(const at::Tensor& images) const {
  require_images("blended trigger", images);
  at::Tensor pattern = at::empty({1, images.size(1), images.size(2), images.size(3)});
  Random random(options_.seed, "blended trigger");
  float* pixels = pattern.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < pattern.numel(); ++i)
    pixels[i] = static_cast<float>(random.uniform());
  return images * (1 - options_.share) + pattern * options_.share;
}

}  // namespace hadal::msp
