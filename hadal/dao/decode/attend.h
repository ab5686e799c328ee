#pragma once

// Plain types only: this is compiled once an instruction set.
#include "hadal/dao/kernels/forward.h"

#include <stdint.h>

namespace hadal::dao::kernels {

/// The queries of a group of heads that share keys, against some of a sequence's pages.
struct PagesTask {
  const float* queries;  ///< [heads][tokens][head_dim], heads `head_stride` floats apart
  int64_t head_stride;
  int64_t heads;
  int64_t tokens;
  int64_t head_dim;
  int64_t padded;       ///< head_dim rounded up to kHeadStep
  const void* memory;   ///< where page 0 holds this head: its keys and then its values (see Packed)
  int64_t page_stride;  ///< elements between pages
  const int32_t* pages;   ///< the page of each of the sequence's blocks
  const int32_t* blocks;  ///< the blocks to look at, ascending; null: `first_block` and on
  int64_t first_block;
  int64_t block_count;  ///< at least 1
  int64_t first_limit;  ///< token t sees the keys before first_limit + t
  int64_t window;       ///< and of these the last so many
  double scale;         ///< of the scores
  float* output;        ///< [heads][tokens][head_dim]
  int64_t output_head_stride, output_token_stride;  ///< floats
  float* log_sum_exp;  ///< [heads][tokens]; -infinity, and zeros as output, where nothing is seen
  int64_t log_sum_stride;  ///< between heads
  float* scratch;          ///< pages_scratch_floats() floats, aligned to 64 bytes
};

inline constexpr int64_t kLanes = 16;  ///< of the widest vector

/// Floats of scratch memory that a task of `rows` queries needs.
inline int64_t pages_scratch_floats(int64_t rows, int64_t padded) {
  // Queries, output, the running sums of each lane, and the maximum.
  return rows * (2 * padded + kLanes + 1);
}

}  // namespace hadal::dao::kernels
