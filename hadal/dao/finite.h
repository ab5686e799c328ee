#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// Whether no element of a contiguous fp32 or bf16 tensor is NaN or infinite.
bool all_finite(const at::Tensor& tensor);

}  // namespace hadal::dao
