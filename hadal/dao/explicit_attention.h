#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// Attention by its definition, softmax(Q K^T / sqrt(d)) V, with the whole score matrix in memory:
/// what all kernels are checked against, and what a model without a fused kernel runs. Query
/// [..., n, d], key [..., m, d] and value [..., m, e] of one floating-point type give [..., n, e].
/// With `causal`, query i sees the keys up to i + m - n, so that the last query sees all. Computes
/// in the inputs' type; needs two score matrices of n m elements at once for each of the leading
/// dimensions. Throws InvalidArgument for other shapes or types, and for `causal` with n > m.
at::Tensor explicit_attention(const at::Tensor& query, const at::Tensor& key,
                              const at::Tensor& value, bool causal);

}  // namespace hadal::dao
