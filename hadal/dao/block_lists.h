#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// Queries and keys are selected in blocks of this many.
inline constexpr std::int64_t kBlockSize = 64;

/// Blocks that hold `tokens` tokens; the last may be partly filled.
constexpr std::int64_t blocks_of(std::int64_t tokens) {
  return (tokens + kBlockSize - 1) / kBlockSize;
}

/// The key blocks that each block of queries looks at, as compressed rows. Row (b heads + h) blocks
/// + i is that of query block i of head h of batch entry b.
struct BlockLists {
  at::Tensor offsets;  ///< int64 [batch * heads * query blocks + 1], rising from 0
  at::Tensor blocks;   ///< int32 [offsets' last]; ascending within a row, each below the key blocks
};

/// The lists of a mask, bool [batch, heads, query blocks, key blocks], true where kept. Throws
/// InvalidArgument for another type or rank.
BlockLists block_lists(const at::Tensor& mask);

}  // namespace hadal::dao
