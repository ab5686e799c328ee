#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

namespace hadal::models {

/// Throws InvalidArgument, naming what was expected and found, unless `tensor` has the element type
/// `dtype` and the sizes `shape`, where -1 stands for any size from 1.
void require_input(std::string_view name, const at::Tensor& tensor, at::IntArrayRef shape,
                   at::ScalarType dtype);

}  // namespace hadal::models
