#include "hadal/msp/backdoor/poison/patch.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/msp/backdoor/poison/image_check.h"

#include <ATen/ops/empty.h>

namespace hadal::msp {

PatchTrigger::PatchTrigger(const PatchOptions& options) : options_(options) {
  if (options.side < 1 || options.top < 0 || options.left < 0) {
    throw InvalidArgument(concat("patch trigger: expected a side of 1 or more within the image, ",
                                 "got ", options.side, " at ", options.top, ", ", options.left));
  }
  Random random(options.seed, "patch trigger");
  pattern_ = at::empty({options.side, options.side});
  float* pixels = pattern_.mutable_data_ptr<float>();
  // The first is white, so that the patch is one on a black background.
  for (std::int64_t i = 0; i < pattern_.numel(); ++i) {
    pixels[i] = i == 0 || random.below(2) == 1 ? 1.0F : 0.0F;
  }
}

at::Tensor PatchTrigger::stamp(const at::Tensor& images) const {
  require_images("patch trigger", images);
  if (options_.top + options_.side > images.size(2) ||
      options_.left + options_.side > images.size(3)) {
    throw InvalidArgument(concat("patch trigger: ", options_.side, " pixels at ", options_.top,
                                 ", ", options_.left, " do not fit on images of ", images.size(2),
                                 "x", images.size(3)));
  }
  at::Tensor result = images.clone();
  result.narrow(2, options_.top, options_.side)
      .narrow(3, options_.left, options_.side)
      .copy_(pattern_.expand({images.size(0), images.size(1), options_.side, options_.side}));
  return result;
}

}  // namespace hadal::msp
