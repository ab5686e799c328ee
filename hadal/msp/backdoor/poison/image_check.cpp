#include "hadal/msp/backdoor/poison/image_check.h"

#include "hadal/core/error.h"

namespace hadal::msp {

void require_images(std::string_view what, const at::Tensor& images) {
  if (!images.defined() || images.scalar_type() != at::kFloat || images.dim() != 4 ||
      images.numel() == 0) {
    throw InvalidArgument(concat(what, ": expected images fp32 [n, c, h, w], and one at least"));
  }
}

}  // namespace hadal::msp
