#include "hadal/dao/decode/kv_cache.h"

#include "hadal/core/error.h"
#include "hadal/dao/decode/append.h"
#include "hadal/dao/decode/cache_state.h"

#include <limits>
#include <utility>

namespace hadal::dao {
namespace {

constexpr std::int64_t kMostPages = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostHeads = 1 << 16;
constexpr std::int64_t kLargestHead = 256;

const KvCacheOptions& checked(const KvCacheOptions& options) {
  const auto require = [](const char* name, std::int64_t value, std::int64_t most) {
    if (value >= 1 && value <= most) return;
    throw InvalidArgument(
        concat("kv cache: expected ", name, " from 1 to ", most, ", got ", value));
  };
  require("pages", options.pages, kMostPages);
  require("kv_heads", options.kv_heads, kMostHeads);
  require("a head_dim", options.head_dim, kLargestHead);
  const auto type = options.type;
  if (type == at::kFloat || type == at::kBFloat16 || type == at::kHalf) return options;
  throw InvalidArgument(concat("kv cache: expected fp32, bf16 or fp16, got ", type));
}

}  // namespace

const CachedSequence& CacheState::at(PagedKvCache::Sequence sequence) const {
  const auto found = sequences.find(sequence);
  if (found != sequences.end()) return found->second;
  throw InvalidArgument(concat("kv cache: there is no sequence ", sequence),
                        "it was never added, or it was freed");
}

PagedKvCache::PagedKvCache(const KvCacheOptions& options)
    : state_(std::make_unique<CacheState>(checked(options))) {}
PagedKvCache::PagedKvCache(PagedKvCache&&) noexcept = default;
PagedKvCache& PagedKvCache::operator=(PagedKvCache&&) noexcept = default;
PagedKvCache::~PagedKvCache() = default;

PagedKvCache::Sequence PagedKvCache::add() {
  state_->sequences.emplace(state_->next, CachedSequence{});
  return state_->next++;
}

PagedKvCache::Sequence PagedKvCache::fork(Sequence from, std::int64_t tokens) {
  const CachedSequence& source = state_->at(from);
  if (tokens < 0 || tokens > source.length ||
      (tokens != source.length && tokens % kBlockSize != 0)) {
    throw InvalidArgument(concat("kv cache: expected to fork at all ", source.length,
                                 " tokens or a multiple of ", kBlockSize, " below, got ", tokens));
  }
  CachedSequence copy{{source.pages.begin(), source.pages.begin() + blocks_of(tokens)}, tokens};
  const auto& placed = state_->sequences.emplace(state_->next, std::move(copy)).first->second;
  for (const std::int32_t page : placed.pages) state_->pool.share(page);
  return state_->next++;
}

void PagedKvCache::free(Sequence sequence) {
  // The first page last, so that the next sequence takes pages in rising order.
  const auto& pages = state_->at(sequence).pages;
  for (auto page = pages.rbegin(); page != pages.rend(); ++page) state_->pool.release(*page);
  state_->sequences.erase(sequence);
}

void PagedKvCache::append(std::span<const Sequence> sequences, const at::Tensor& key,
                          const at::Tensor& value) {
  dao::append(*state_, sequences, key, value);
}

std::int64_t PagedKvCache::pages_needed(std::span<const Sequence> sequences,
                                        std::int64_t tokens) const {
  return pages_to_append(*state_, sequences, tokens);
}

std::int64_t PagedKvCache::length(Sequence sequence) const { return state_->at(sequence).length; }
std::int64_t PagedKvCache::free_pages() const { return state_->pool.free_pages(); }
std::int64_t PagedKvCache::bytes() const { return state_->memory.bytes(); }
const KvCacheOptions& PagedKvCache::options() const { return state_->options; }

}  // namespace hadal::dao
