#pragma once

#include "hadal/bench/runner/case.h"

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// Query, key and value, [1, heads, tokens, head_dim] each.
struct AttentionInput {
  at::Tensor query, key, value;
};

/// Standard normal numbers of `type`, from `seed`.
AttentionInput normal_attention_input(std::uint64_t seed, std::int64_t heads, std::int64_t tokens,
                                      std::int64_t head_dim, at::ScalarType type);

DataSource data_source(const AttentionInput& x);

/// at::scaled_dot_product_attention, causal.
at::Tensor fused_attention(const AttentionInput& x);

/// The largest error of `result`, causal attention over `x`, in rows spread over the sequence,
/// against the definition in fp64 of the same inputs.
double attention_error(const at::Tensor& result, const AttentionInput& x);

}  // namespace hadal::bench
