#pragma once

#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// A picture fp32 [1 or 3, h, w] in [0, 1], grey or colour, as a PNG (ISO/IEC 15948) of 8 bits a
/// channel. What is not finite is black. Throws InvalidArgument for another shape or type.
std::string png_of(const at::Tensor& picture);

}  // namespace hadal::msp
