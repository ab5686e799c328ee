#pragma once

#include "hadal/bench/runner/case.h"
#include "hadal/dao/decode/decode.h"

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// Tokens of one sequence, in bf16: query [1, heads, tokens, head_dim] and as many keys and values.
/// Each head is a topical_attention_input() of its own.
struct DecodeInput {
  at::Tensor query, key, value;

  std::int64_t tokens() const { return key.size(2); }
  /// [1, heads, 1, head_dim].
  at::Tensor query_at(std::int64_t position) const { return query.narrow(2, position, 1); }
};

DecodeInput decode_input(std::uint64_t seed, std::int64_t heads, std::int64_t tokens,
                         std::int64_t head_dim);

/// The baseline's cache: keys and values side by side, with room for more.
class ContiguousCache {
 public:
  /// Of the input's tokens, with room for as many as a page holds.
  explicit ContiguousCache(const DecodeInput& x);
  /// Appends the input's token `i` of the first page and decodes one query by
  /// at::scaled_dot_product_attention. Where there is no room left, it starts over with the input's
  /// tokens.
  at::Tensor step(const DecodeInput& x);

 private:
  at::Tensor key_, value_;
  std::int64_t input_, length_;
};

/// Hadal's cache, with all tokens of the input in one sequence.
class PagedCache {
 public:
  explicit PagedCache(const DecodeInput& x);
  /// As ContiguousCache::step(), by hadal::dao::decode().
  at::Tensor step(const DecodeInput& x, const dao::DecodeOptions& options);
  /// Of one query [1, heads, 1, head_dim] to the first `tokens` tokens, a multiple of a page's.
  dao::DecodeResult decode(const at::Tensor& query, std::int64_t tokens,
                           const dao::DecodeOptions& options);
  /// Of step(), on average over the tokens of a page.
  double step_flops(const DecodeInput& x, const dao::DecodeOptions& options);

 private:
  dao::PagedKvCache cache_;
  dao::PagedKvCache::Sequence all_;
  dao::PagedKvCache::Sequence growing_;
};

/// at::scaled_dot_product_attention of one query to all keys.
at::Tensor fused_decode(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value);

}  // namespace hadal::bench
