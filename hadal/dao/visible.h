#pragma once

#include "hadal/dao/block_lists.h"

#include <cstdint>

namespace hadal::dao {

/// The key blocks that one block of queries works on.
struct VisibleBlocks {
  const std::int32_t* blocks;  ///< ascending; null: the first `count`
  std::int64_t count;
  /// Row r of the query block sees the keys before first_limit + r limit_step (at most all).
  std::int64_t first_limit;
  std::int64_t limit_step;  ///< 1 where causal, else 0
};

/// What `rows` queries from `first_query` on, of `queries` that attend to `keys`, see of the blocks
/// in row `row` of `lists`, or of all blocks where it is null. Kept blocks in the future drop out.
VisibleBlocks visible_blocks(const BlockLists* lists, std::int64_t row, std::int64_t first_query,
                             std::int64_t rows, std::int64_t queries, std::int64_t keys,
                             bool causal);

}  // namespace hadal::dao
