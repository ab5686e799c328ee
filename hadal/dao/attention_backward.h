#pragma once

#include "hadal/dao/attention.h"

namespace hadal::dao {

struct AttentionGradients {
  at::Tensor query, key, value;  ///< of the inputs' shapes and type
};

/// The gradients of attention_forward()'s inputs, from those of its two results; that of the
/// log-sum-exp may be undefined (zeros). Works on the pairs of blocks that are kept and visible
/// only, with memory linear in the number of tokens; weights are computed again from the
/// log-sum-exp. Same types as the forward pass: bf16 computes products in bf16 with AVX512_BF16,
/// all sums are fp32. The result has the same bits for any number of threads. Those
/// of keys that no query sees are exactly 0. Throws
/// InvalidArgument where attention_forward() does, and for gradients or results that do not fit the
/// inputs.
AttentionGradients attention_backward(const at::Tensor& output_grad,
                                      const at::Tensor& log_sum_exp_grad, const at::Tensor& query,
                                      const at::Tensor& key, const at::Tensor& value,
                                      const AttentionResult& result,
                                      const std::optional<BlockLists>& lists,
                                      const AttentionOptions& options = {});

}  // namespace hadal::dao
