#include "hadal/dao/query_lists.h"

#include <numeric>

namespace hadal::dao {

QueryLists::QueryLists(const BlockLists& lists, std::int64_t query_blocks, std::int64_t key_blocks)
    : key_blocks_(key_blocks) {
  const auto* offsets = lists.offsets.const_data_ptr<std::int64_t>();
  const auto* blocks = lists.blocks.const_data_ptr<std::int32_t>();
  const std::int64_t rows = lists.offsets.size(0) - 1;
  const auto row_of = [&](std::int64_t row, std::int64_t i) {
    return static_cast<std::size_t>(row / query_blocks * key_blocks + blocks[i]);
  };
  const std::int64_t heads = query_blocks == 0 ? 0 : rows / query_blocks;
  offsets_.assign(static_cast<std::size_t>(heads * key_blocks) + 1, 0);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (auto i = offsets[row]; i < offsets[row + 1]; ++i) ++offsets_[row_of(row, i) + 1];
  }
  std::partial_sum(offsets_.begin(), offsets_.end(), offsets_.begin());
  blocks_.resize(offsets_.back());
  std::vector<std::size_t> next(offsets_.begin(), offsets_.end() - 1);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (auto i = offsets[row]; i < offsets[row + 1]; ++i) {
      blocks_[next[row_of(row, i)]++] = static_cast<std::int32_t>(row % query_blocks);
    }
  }
}

}  // namespace hadal::dao
