#pragma once

// Attention of tensors that lie on a CUDA device: attention.h's functions lead here.
#include "hadal/dao/kernels/cuda/prepare.h"

namespace hadal::dao::kernels::cuda {

// Inputs have been checked. Each starts kernels on the current stream of the query's device and
// does not wait for them, but for copying lists and masks there. Lists and masks lie on the CPU.
// Throw Unsupported for other types than bf16, and Error where the kernels cannot be started.
AttentionResult attention_forward(const at::Tensor& query, const at::Tensor& key,
                                  const at::Tensor& value, const std::optional<BlockLists>& lists,
                                  const AttentionOptions& options);
AttentionGradients attention_backward(const at::Tensor& output_grad,
                                      const at::Tensor& log_sum_exp_grad, const at::Tensor& query,
                                      const at::Tensor& key, const at::Tensor& value,
                                      const AttentionResult& result,
                                      const std::optional<BlockLists>& lists,
                                      const AttentionOptions& options);

/// Attention of one query a sequence, bf16 [n, heads, 1, head_dim], over the pages of `lists`,
/// whose rows are [n, heads], or [n, kv_heads] for all heads of a group; over all where it is
/// empty. Checks its inputs: throws InvalidArgument for tensors that do not fit each other.
AttentionResult decode(const at::Tensor& query, const PagedCache& cache,
                       const std::optional<BlockLists>& lists, std::optional<double> scale = {});

}  // namespace hadal::dao::kernels::cuda
