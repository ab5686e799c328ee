#pragma once

#include "hadal/dao/segments.h"

#include <cstdint>
#include <span>
#include <vector>

namespace hadal::dao {

/// The blocks of queries that look at each block of keys: block lists, transposed.
class QueryLists {
 public:
  /// Of `lists` of `heads` heads, whose blocks are below the number of their sequence's.
  QueryLists(const BlockLists& lists, const Sequences& sequences, std::int64_t heads);

  /// Ascending. `place` is Segment::place() of the block of keys, for a head of the queries.
  std::span<const std::int32_t> of(std::int64_t place) const {
    const auto row = static_cast<std::size_t>(place);
    return std::span(blocks_).subspan(offsets_[row], offsets_[row + 1] - offsets_[row]);
  }

 private:
  std::vector<std::size_t> offsets_;
  std::vector<std::int32_t> blocks_;
};

}  // namespace hadal::dao
