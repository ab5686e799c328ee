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

/// A gate's logit for each pair of a query and a key, a linear layer of the two side by side:
/// G_ij = weight . [q_i, k_j] + bias. Query [..., n, d], key [..., m, d], weight [2 d] and bias []
/// or [1] of one floating-point type give [..., n, m]. Throws InvalidArgument for others.
at::Tensor pair_gate(const at::Tensor& query, const at::Tensor& key, const at::Tensor& weight,
                     const at::Tensor& bias);

/// Attention whose logits an elementwise gate scales, as published for dynamic attention:
/// softmax((sigmoid(G) * Q K^T) / sqrt(d)) V, with the whole matrix of scores in memory. Shapes and
/// `causal` as in explicit_attention(); gate [..., n, m] is G. Differentiable.
///
/// The reference for the formula, not what attention over kept blocks computes: a gate of 0 scales
/// a logit to 0, which leaves the pair the weight exp(0), where a pair that is left out has none.
/// Nor can it save work, as each pair's product is needed before it is scaled. DynamicGate decides
/// for pairs of blocks before any product, and those it drops get -infinity.
at::Tensor explicit_gated_attention(const at::Tensor& query, const at::Tensor& key,
                                    const at::Tensor& value, const at::Tensor& gate, bool causal);

}  // namespace hadal::dao
