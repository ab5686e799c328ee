#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// Throws InvalidArgument, beginning with `what`, unless `images` are fp32 [n, c, h, w] and there
/// is one.
void require_images(std::string_view what, const at::Tensor& images);

}  // namespace hadal::msp
