#pragma once

#include "hadal/dao/decode/cache_state.h"
#include "hadal/dao/select/rows.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// Whose queries attend to what, in one call of decode().
struct DecodeShape {
  const CacheState& cache;
  std::vector<const CachedSequence*> sequences;
  std::int64_t heads, queries;
  std::int64_t window;  ///< tokens that a query sees at most

  std::int64_t kv_heads() const { return cache.options.kv_heads; }
  std::int64_t group() const { return heads / kv_heads(); }  ///< heads that share keys
  std::int64_t query_blocks() const { return blocks_of(queries); }
  Problem problem(std::int64_t sequence) const {
    return {1,   heads, kv_heads(), queries, sequences[static_cast<std::size_t>(sequence)]->length,
            true};
  }
};

/// A block of queries of the heads that share keys, and the blocks of the sequence it looks at.
struct Group {
  std::int64_t sequence, kv_head, query_block;
  Row row;
  std::int64_t first_block;                         ///< that is visible
  std::optional<std::vector<std::int32_t>> blocks;  ///< ascending; empty: all that are visible

  std::int64_t count() const {
    return blocks ? static_cast<std::int64_t>(blocks->size()) : row.visible.count - first_block;
  }
  /// Full blocks that all its queries see: those to choose from by their scores.
  std::int64_t scored() const {
    return std::max<std::int64_t>(0, row.visible.first_limit) / kBlockSize;
  }
  std::int64_t kept_pairs() const;
};

/// All groups, in the order [sequences, kv_heads, query blocks]. `features` are the scorer's
/// numbers of the queries; without any, all blocks score the same, which leaves the number of
/// blocks as it is.
std::vector<Group> plan(const DecodeShape& shape, const std::optional<Budget>& budget,
                        const QueryFeatures& features);

}  // namespace hadal::dao
