#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::dao::kernels {

/// Keys and values of all heads as the kernels take them (see Packed); each of its two tensors has
/// `head_elements` elements for each of the batch * kv_heads heads, in that order.
struct PackedTensors {
  at::Tensor keys;
  at::Tensor values;
  std::int64_t head_elements;
};

/// Packs key and value [batch, kv_heads, keys, head_dim], both fp32 or both bf16, of any strides,
/// with heads padded to `padded` elements.
PackedTensors pack(const at::Tensor& key, const at::Tensor& value, std::int64_t padded);

}  // namespace hadal::dao::kernels
