#pragma once

#include "hadal/dao/decode/kv_cache.h"
#include "hadal/dao/select/selector.h"

#include <cstdint>
#include <optional>
#include <span>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

struct DecodeOptions {
  /// How many pages to look at; all where empty. As TopK's by the cache's scorer, but that the
  /// heads that share keys choose together: by the sum of their shares, each head's softmax over
  /// the scores of the full pages that it sees. Where a scorer takes each query by itself, its
  /// shares are of those pages too.
  std::optional<Budget> budget = {};
  /// Of the scores; 1 / sqrt(head_dim) where empty. Must be positive.
  std::optional<double> scale = {};
  /// How many tokens a query sees at most, itself and those right before it; at least 1. Pages
  /// before are not read. Not with a budget.
  std::optional<std::int64_t> window = {};
};

struct DecodeResult {
  at::Tensor output;       ///< [sequences, heads, queries, head_dim], of the query's type
  at::Tensor log_sum_exp;  ///< fp32 [sequences, heads, queries], over what was looked at
  double kept;  ///< share of the visible pairs of a query and a key that was looked at; 1 for none
};

/// Attention of the last `queries` tokens of each of a cache's sequences, which are already in the
/// cache, to all tokens up to themselves: query [sequences, heads, queries, head_dim] of the
/// cache's type, any strides, where kv_heads divides heads. One query is decoding; more are a part
/// of a prompt, or a speculation to check. Keys are read once for all heads that share them. The
/// same bits for any number of threads, and for any batch that a sequence is in. bf16 is multiplied
/// as it is with AVX512_BF16 and otherwise, like fp16, in fp32; sums are fp32 always. What is
/// NaN or infinite reaches the queries that see it, and no others. No gradients. Throws
/// InvalidArgument, naming what was expected and got, for other queries, unknown sequences, those
/// with fewer tokens than queries, options out of range, and a budget where the cache has no
/// scorer.
DecodeResult decode(const at::Tensor& query, const PagedKvCache& cache,
                    std::span<const PagedKvCache::Sequence> sequences,
                    const DecodeOptions& options = {});

/// Floating-point operations of decode(), exactly, in the manner of forward_flops(): 4 head_dim for
/// each pair of a query and a key in the pages that it looks at, and the scorer's for the queries
/// and the pages that they choose from. Describing a page's keys is append()'s.
double decode_flops(const at::Tensor& query, const PagedKvCache& cache,
                    std::span<const PagedKvCache::Sequence> sequences,
                    const DecodeOptions& options = {});

}  // namespace hadal::dao
