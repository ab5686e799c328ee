#pragma once

#include "hadal/dao/decode/cache_state.h"

#include <span>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// Checks an append of `tokens` to each sequence and gives the pages that it takes. Throws
/// InvalidArgument for unknown or repeated sequences.
std::int64_t pages_to_append(const CacheState& cache,
                             std::span<const PagedKvCache::Sequence> sequences,
                             std::int64_t tokens);

/// See PagedKvCache::append().
void append(CacheState& cache, std::span<const PagedKvCache::Sequence> sequences,
            const at::Tensor& key, const at::Tensor& value);

}  // namespace hadal::dao
