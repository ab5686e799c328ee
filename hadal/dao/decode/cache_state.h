#pragma once

#include "hadal/dao/decode/kv_cache.h"
#include "hadal/dao/decode/page_memory.h"
#include "hadal/dao/decode/page_pool.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace hadal::dao {

struct CachedSequence {
  std::vector<std::int32_t> pages;  ///< of each block of tokens
  std::int64_t length = 0;
};

/// What a PagedKvCache is made of, for those that read it.
struct CacheState {
  explicit CacheState(const KvCacheOptions& checked)
      : options(checked), memory(checked), pool(checked.pages) {}

  /// Throws InvalidArgument for an unknown one.
  const CachedSequence& at(PagedKvCache::Sequence sequence) const;

  KvCacheOptions options;
  PageMemory memory;
  PagePool pool;
  std::unordered_map<PagedKvCache::Sequence, CachedSequence> sequences;
  PagedKvCache::Sequence next = 0;
};

}  // namespace hadal::dao
