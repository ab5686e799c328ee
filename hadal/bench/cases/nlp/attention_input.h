#pragma once

#include "hadal/bench/runner/case.h"
#include "hadal/dao/block_lists.h"
#include "hadal/dao/select/selector.h"

#include <optional>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// Query, key and value, [1, heads, tokens, head_dim] each.
struct AttentionInput {
  at::Tensor query, key, value;
};

/// Standard normal numbers of `type`, from `seed`.
AttentionInput normal_attention_input(std::uint64_t seed, std::int64_t heads, std::int64_t tokens,
                                      std::int64_t head_dim, at::ScalarType type);

/// One head of a model of what trained attention looks like, so that leaving pairs out has a
/// meaning; from `seed`. Tokens come in passages of 64 to 512, each on one of 32 topics that return
/// throughout. The score of a query and a key (scaled by 1 / sqrt(head_dim), in nats) is the sum of
///   7 where they share the topic,
///   3 at distance 0, falling and then wavering as under rotary positions of 8 frequencies,
///   8 where the key is one of the first 4 (the sink, Xiao et al., 2023),
///   noise with standard deviation 1,
/// on the whole: topics are random directions, not quite orthogonal. The value of a token is its
/// topic's, standard normal, and noise of the same size. head_dim is at least 32.
AttentionInput topical_attention_input(std::uint64_t seed, std::int64_t tokens,
                                       std::int64_t head_dim, at::ScalarType type);

DataSource data_source(const AttentionInput& x);
DataSource topical_data_source(const AttentionInput& x);

/// at::scaled_dot_product_attention, causal.
at::Tensor fused_attention(const AttentionInput& x);

/// Hadal's causal attention over the blocks that `selector` keeps.
at::Tensor sparse_attention(const dao::Selector& selector, const AttentionInput& x);

/// Floating-point operations of sparse_attention(), the choice included.
double sparse_flops(const dao::Selector& selector, const AttentionInput& x);

/// The largest error of `result`, causal attention over `x`, in rows spread over the sequence,
/// against the definition in fp64 of the same inputs.
double attention_error(const at::Tensor& result, const AttentionInput& x);

/// The L2 norm of the error of `result` relative to that of the definition in fp64, over rows of
/// the first head spread over the sequence: of causal attention over `x`, or over the pairs that
/// `lists` keeps of it.
double relative_attention_error(const at::Tensor& result, const AttentionInput& x,
                                const std::optional<dao::BlockLists>& lists);

}  // namespace hadal::bench
