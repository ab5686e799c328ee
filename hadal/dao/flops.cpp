#include "hadal/dao/flops.h"

#include "hadal/dao/visible.h"

#include <algorithm>

namespace hadal::dao {

double forward_flops(const at::Tensor& query, const at::Tensor& key,
                     const std::optional<BlockLists>& lists, const AttentionOptions& options) {
  const std::int64_t queries = query.size(2);
  const std::int64_t blocks = blocks_of(queries);
  std::int64_t pairs = 0;
  for (std::int64_t row = 0; row < query.size(0) * query.size(1) * blocks; ++row) {
    const std::int64_t first = row % blocks * kBlockSize;
    const std::int64_t rows = std::min(kBlockSize, queries - first);
    const VisibleBlocks visible = visible_blocks(lists ? &*lists : nullptr, row, first, rows,
                                                 queries, key.size(2), options.causal);
    pairs += rows * visible.count * kBlockSize;
  }
  return 4.0 * static_cast<double>(pairs) * static_cast<double>(query.size(3));
}

double backward_flops(const at::Tensor& query, const at::Tensor& key,
                      const std::optional<BlockLists>& lists, const AttentionOptions& options) {
  return forward_flops(query, key, lists, options) * 5 / 2;
}

}  // namespace hadal::dao
