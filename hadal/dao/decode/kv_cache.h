#pragma once

#include "hadal/dao/block_lists.h"
#include "hadal/dao/select/scorer.h"

#include <cstdint>
#include <memory>
#include <span>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

struct KvCacheOptions {
  std::int64_t pages;     ///< of kBlockSize tokens each; they bound the memory
  std::int64_t kv_heads;  ///< at least 1
  std::int64_t head_dim;  ///< 1 to 256
  /// Of the tokens: fp32, bf16 or fp16, which is kept as fp32.
  at::ScalarType type = at::kBFloat16;
  /// Describes each page that is full, for decode() with a budget; without one, dense only.
  std::shared_ptr<const BlockScorer> scorer = {};
};

struct CacheState;

/// Keys and values of many sequences, in pages of kBlockSize tokens out of one pool that is
/// allocated once (as vLLM's, Kwon et al., 2023). A page holds its tokens as the kernels take them,
/// and, once it is full, the scorer's numbers of its keys. Sequences may share pages: one that
/// appends to a page that another also uses gets a copy. For one writer at a time; any number of
/// threads may read. No gradients. On an error nothing has changed.
class PagedKvCache {
 public:
  using Sequence = std::int64_t;  ///< names a sequence; never used again

  /// Throws InvalidArgument, naming the value, for options out of range and for memory that cannot
  /// be had.
  explicit PagedKvCache(const KvCacheOptions& options);
  PagedKvCache(PagedKvCache&&) noexcept;
  PagedKvCache& operator=(PagedKvCache&&) noexcept;
  ~PagedKvCache();

  /// A new sequence without tokens.
  Sequence add();
  /// A new sequence with the first `tokens` tokens of another, whose pages it shares: all tokens,
  /// or a multiple of kBlockSize. Throws InvalidArgument for another number or an unknown sequence.
  Sequence fork(Sequence from, std::int64_t tokens);
  /// Ends a sequence; the pages that no other uses are free again. Throws InvalidArgument for an
  /// unknown one.
  void free(Sequence sequence);

  /// Appends to each sequence its row of key and value [sequences, kv_heads, tokens, head_dim], of
  /// the cache's type and any strides. Throws InvalidArgument for other tensors, unknown or
  /// repeated sequences, and where more pages are needed than are free.
  void append(std::span<const Sequence> sequences, const at::Tensor& key, const at::Tensor& value);
  /// Pages that append() of `tokens` tokens to each sequence would take. Throws as append() does.
  std::int64_t pages_needed(std::span<const Sequence> sequences, std::int64_t tokens) const;

  /// Tokens of a sequence. Throws InvalidArgument for an unknown one.
  std::int64_t length(Sequence sequence) const;
  std::int64_t free_pages() const;
  std::int64_t bytes() const;  ///< of all pages, used or not, and what describes them
  const KvCacheOptions& options() const;

  const CacheState& state() const { return *state_; }  ///< for decode()

 private:
  std::unique_ptr<CacheState> state_;
};

}  // namespace hadal::dao
