#pragma once

#include "hadal/dao/block_lists.h"

#include <cstdint>
#include <span>
#include <vector>

namespace hadal::dao {

/// The blocks of queries that look at each block of keys: block lists, transposed.
class QueryLists {
 public:
  /// Of `lists` with `query_blocks` rows a head; each of its blocks is below `key_blocks`.
  QueryLists(const BlockLists& lists, std::int64_t query_blocks, std::int64_t key_blocks);

  /// Ascending. `head` counts all heads of the batch.
  std::span<const std::int32_t> of(std::int64_t head, std::int64_t key_block) const {
    const std::size_t row = static_cast<std::size_t>(head * key_blocks_ + key_block);
    return std::span(blocks_).subspan(offsets_[row], offsets_[row + 1] - offsets_[row]);
  }

 private:
  std::int64_t key_blocks_;
  std::vector<std::size_t> offsets_;
  std::vector<std::int32_t> blocks_;
};

}  // namespace hadal::dao
