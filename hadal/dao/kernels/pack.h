#pragma once

#include "hadal/dao/segments.h"

#include <ATen/core/Tensor.h>

namespace hadal::dao::kernels {

/// Keys and values as the kernels take them (see Packed): kBlock * padded elements for each block
/// of each head, in the order of Segment::place().
struct PackedTensors {
  at::Tensor keys;
  at::Tensor values;
  bool finite_values = true;  ///< no value is NaN or infinite
};

/// Packs key and value [batch, heads, tokens, head_dim], both fp32 or both bf16, of any strides,
/// with heads padded to `padded` elements.
PackedTensors pack(const at::Tensor& key, const at::Tensor& value, std::int64_t padded,
                   const Segments& segments);

/// Packs one head of one segment in the same way into memory of the caller's, of kBlock * padded
/// elements a block each. Returns whether all values are finite.
bool pack_head(const at::Tensor& key, const at::Tensor& value, std::int64_t padded,
               const Segment& segment, std::int64_t head, void* keys, void* values);

/// The rows of such a tensor as they are, [blocks, kBlock, padded], with `fill` beyond them.
at::Tensor pack_rows(const at::Tensor& tensor, std::int64_t padded, const Segments& segments,
                     float fill = 0);

/// Undoes pack_rows() for fp32 `blocks` of any strides: a contiguous tensor of the sizes and the
/// type of `like`.
at::Tensor unpack_rows(const at::Tensor& blocks, const at::Tensor& like, const Segments& segments);

}  // namespace hadal::dao::kernels
