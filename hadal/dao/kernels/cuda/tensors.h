#pragma once

// Tensors as kernels take them.
#include "hadal/dao/block_lists.h"
#include "hadal/dao/kernels/cuda/params.h"

#include <ATen/core/Tensor.h>

namespace hadal::dao::kernels::cuda {

/// Rows dense and at multiples of 16 bytes, the head padded to multiples of kChunk.
at::Tensor aligned(const at::Tensor& tensor);
/// Undoes the padding.
at::Tensor without_padding(const at::Tensor& tensor, std::int64_t head_dim);

View<const Bf16> view_of(const at::Tensor& tensor);
View<Bf16> view_to(const at::Tensor& tensor);
/// None for undefined tensors.
Lists lists_of(const at::Tensor& offsets, const at::Tensor& blocks);

/// Throws Unsupported for another type than bf16.
void check_type(const at::Tensor& query);

}  // namespace hadal::dao::kernels::cuda
