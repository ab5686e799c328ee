#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// Whether no element of a contiguous fp32 or bf16 tensor is NaN or infinite.
bool all_finite(const at::Tensor& tensor);
/// Whether none of `count` numbers of `type`, fp32 or bf16, is.
bool all_finite(const void* numbers, std::int64_t count, at::ScalarType type);

}  // namespace hadal::dao
