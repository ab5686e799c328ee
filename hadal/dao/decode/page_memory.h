#pragma once

#include "hadal/dao/decode/kv_cache.h"

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// Where the keys or values of some tokens of one head lie; steps are in elements.
struct TokenRows {
  const void* data;
  std::int64_t stride;  ///< between tokens
  std::int64_t step;    ///< between the elements of a token
};

/// The memory of a cache's pages. A page has, for each head, its keys and then its values, packed
/// as kernels/forward.h says: keys [padded / 2][64][2] and values [32][padded][2] in bf16, keys
/// [padded][64] and values [64][padded] in fp32. What no token was written to is zeros.
class PageMemory {
 public:
  /// Throws InvalidArgument for memory that cannot be had.
  explicit PageMemory(const KvCacheOptions& options);

  at::ScalarType type() const { return pages_.scalar_type(); }
  std::int64_t padded() const { return padded_; }  ///< the head size that kernels work with
  std::int64_t head_elements() const { return 2 * kBlockSize * padded_; }  ///< of a page's head
  std::int64_t page_elements() const { return kv_heads_ * head_elements(); }
  /// What head `head` of page 0 starts with; page p is p page_elements() further.
  const void* head(std::int64_t head) const;
  /// fp32 [features], of one head of a page; those of the next page follow.
  float* features(std::int64_t head, std::int32_t page) const;
  std::int64_t feature_count() const { return features_.size(2); }
  std::int64_t bytes() const { return pages_.nbytes() + features_.nbytes(); }

  void clear(std::int32_t page);
  void copy(std::int32_t from, std::int32_t to);
  /// Puts `count` keys and values of type() at the tokens from `first` on of a page's head.
  void write(std::int64_t head, std::int32_t page, std::int64_t first, std::int64_t count,
             const TokenRows& key, const TokenRows& value);
  /// The first `tokens` keys of a page, [kv_heads, tokens, head_dim].
  at::Tensor keys(std::int32_t page, std::int64_t tokens) const;

 private:
  std::int64_t kv_heads_, head_dim_, padded_;
  at::Tensor pages_;     // [pages, page_elements]
  at::Tensor features_;  // fp32 [kv_heads, pages, features]
};

}  // namespace hadal::dao
