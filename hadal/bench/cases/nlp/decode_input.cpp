#include "hadal/bench/cases/nlp/decode_input.h"

#include "hadal/bench/cases/nlp/attention_input.h"
#include "hadal/dao/select/scorer.h"

#include <memory>
#include <vector>

#include <ATen/ops/cat.h>
#include <ATen/ops/scaled_dot_product_attention.h>

namespace hadal::bench {
namespace {

using dao::kBlockSize;

/// Tokens to append: those of the input's first page, in turn.
struct Token {
  at::Tensor query, key, value;
};

Token token_of(const DecodeInput& x, std::int64_t i) {
  return {x.query.narrow(2, i, 1), x.key.narrow(2, i, 1), x.value.narrow(2, i, 1)};
}

}  // namespace

DecodeInput decode_input(std::uint64_t seed, std::int64_t heads, std::int64_t tokens,
                         std::int64_t head_dim) {
  std::vector<at::Tensor> query, key, value;
  for (std::int64_t head = 0; head < heads; ++head) {
    const AttentionInput x = topical_attention_input(seed * 1000 + static_cast<std::uint64_t>(head),
                                                     tokens, head_dim, at::kBFloat16);
    query.push_back(x.query);
    key.push_back(x.key);
    value.push_back(x.value);
  }
  return {at::cat(query, 1), at::cat(key, 1), at::cat(value, 1)};
}

ContiguousCache::ContiguousCache(const DecodeInput& x)
    : key_(at::cat({x.key, x.key.narrow(2, 0, kBlockSize)}, 2)),
      value_(at::cat({x.value, x.value.narrow(2, 0, kBlockSize)}, 2)),
      input_(x.tokens()),
      length_(x.tokens()) {}

at::Tensor ContiguousCache::step(const DecodeInput& x) {
  if (length_ == input_ + kBlockSize) length_ = input_;
  const Token token = token_of(x, length_ - input_);
  key_.narrow(2, length_, 1).copy_(token.key);
  value_.narrow(2, length_, 1).copy_(token.value);
  ++length_;
  return fused_decode(token.query, key_.narrow(2, 0, length_), value_.narrow(2, 0, length_));
}

PagedCache::PagedCache(const DecodeInput& x)
    : cache_({.pages = dao::blocks_of(x.tokens()) + 1,
              .kv_heads = x.key.size(1),
              .head_dim = x.key.size(3),
              .scorer = std::make_shared<dao::MeanScorer>()}),
      all_(cache_.add()) {
  cache_.append({&all_, 1}, x.key, x.value);
  growing_ = cache_.fork(all_, x.tokens());
}

at::Tensor PagedCache::step(const DecodeInput& x, const dao::DecodeOptions& options) {
  if (cache_.length(growing_) == x.tokens() + kBlockSize) {
    cache_.free(growing_);
    growing_ = cache_.fork(all_, x.tokens());
  }
  const Token token = token_of(x, cache_.length(growing_) - x.tokens());
  cache_.append({&growing_, 1}, token.key, token.value);
  return dao::decode(token.query, cache_, {&growing_, 1}, options).output;
}

dao::DecodeResult PagedCache::decode(const at::Tensor& query, std::int64_t tokens,
                                     const dao::DecodeOptions& options) {
  const auto sequence = cache_.fork(all_, tokens);
  dao::DecodeResult result = dao::decode(query, cache_, {&sequence, 1}, options);
  cache_.free(sequence);
  return result;
}

double PagedCache::step_flops(const DecodeInput& x, const dao::DecodeOptions& options) {
  const Token token = token_of(x, 0);
  const auto& scorer = *cache_.options().scorer;
  const double pooling = scorer.flops(token.query.narrow(2, 0, 0), token.key, {});
  return dao::decode_flops(token.query, cache_, {&all_, 1}, options) + pooling;
}

at::Tensor fused_decode(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  return at::scaled_dot_product_attention(query, key, value);
}

}  // namespace hadal::bench
