#include "hadal/dao/visible.h"

#include <algorithm>

namespace hadal::dao {

VisibleBlocks visible_blocks(const BlockLists* lists, std::int64_t row, std::int64_t first_query,
                             std::int64_t rows, std::int64_t queries, std::int64_t keys,
                             bool causal) {
  VisibleBlocks result{.blocks = nullptr,
                       .count = 0,
                       .first_limit = causal ? first_query + 1 + keys - queries : keys,
                       .limit_step = causal ? 1 : 0};
  const std::int64_t last = std::min(result.first_limit + (rows - 1) * result.limit_step, keys);
  result.count = last <= 0 ? 0 : blocks_of(last);
  if (lists == nullptr) return result;
  const auto* offsets = lists->offsets.const_data_ptr<std::int64_t>();
  const auto* blocks = lists->blocks.const_data_ptr<std::int32_t>();
  result.blocks = blocks + offsets[row];
  result.count =
      std::lower_bound(result.blocks, blocks + offsets[row + 1], result.count) - result.blocks;
  return result;
}

}  // namespace hadal::dao
