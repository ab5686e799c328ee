#pragma once

// What the tests of attention's two directions share.
#include "hadal/dao/block_lists.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>

namespace hadal::dao {

struct Shape {
  std::int64_t batch = 1, heads = 1, kv_heads = 1, queries = 1, keys = 1, head_dim = 64;
};

inline std::int64_t blocks_of(std::int64_t tokens) {
  return (tokens + kBlockSize - 1) / kBlockSize;
}

inline at::Tensor random_mask(const Shape& s, double keep) {
  return at::rand({s.batch, s.heads, blocks_of(s.queries), blocks_of(s.keys)}).lt(keep);
}

/// Which keys each query sees, bool [batch or 1, heads or 1, queries, keys].
inline at::Tensor seen(std::int64_t queries, std::int64_t keys, const at::Tensor& block_mask,
                       bool causal) {
  at::Tensor result = at::ones({1, 1, queries, keys}, at::kBool);
  if (causal) result = result.tril(keys - queries);
  if (!block_mask.defined()) return result;
  return result & block_mask.repeat_interleave(kBlockSize, 2)
                      .repeat_interleave(kBlockSize, 3)
                      .slice(2, 0, queries)
                      .slice(3, 0, keys);
}

inline double error_of(const at::Tensor& result, const at::Tensor& exact) {
  return (result.to(at::kDouble) - exact).abs().max().item<double>();
}

}  // namespace hadal::dao
