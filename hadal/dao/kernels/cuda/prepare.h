#pragma once

// From tensors to what the kernels take. Knows of no CUDA, so that the tests of the emulated
// kernels prepare their calls as the library does.
#include "hadal/dao/attention_backward.h"
#include "hadal/dao/kernels/cuda/params.h"

#include <optional>

#include <ATen/core/Tensor.h>

namespace hadal::dao::kernels::cuda {

/// A call's tensors, which must live until its kernels have been started, and what these take. All
/// tensors but lists and mask lie on the query's device already; inputs have been checked before.
struct ForwardCall {
  at::Tensor query, key, value, offsets, blocks, mask;
  at::Tensor output, log_sum_exp;
  std::int64_t head_dim;  ///< before it was padded
  ForwardParams params;

  AttentionResult result() const;
};

struct BackwardCall {
  at::Tensor query, key, value, output, output_grad, log_sum_exp, log_sum_exp_grad;
  at::Tensor offsets, blocks, transposed_offsets, transposed_blocks, mask, terms;
  at::Tensor query_grad, key_grad, value_grad;
  std::int64_t head_dim;
  BackwardParams params;

  AttentionGradients result() const;
};

/// Keys and values of many sequences in pages, bf16 [pages, kv_heads, kBlock, head_dim], of which
/// sequence b of n has those in row b of `table`, int32 [n, most pages of one], in its tokens'
/// order.
struct PagedCache {
  at::Tensor key, value;
  at::Tensor table;
  at::Tensor lengths;  ///< int32 [n], tokens
};

struct DecodeCall {
  at::Tensor query, offsets, blocks, partial_output, partial_log_sum_exp, output, log_sum_exp;
  PagedCache cache;
  DecodeParams params;

  AttentionResult result() const;
};

/// Throw Unsupported for another type than bf16, and for more work than a launch takes.
ForwardCall prepare_forward(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                            const std::optional<BlockLists>& lists,
                            const AttentionOptions& options);
BackwardCall prepare_backward(const at::Tensor& output_grad, const at::Tensor& log_sum_exp_grad,
                              const at::Tensor& query, const at::Tensor& key,
                              const at::Tensor& value, const AttentionResult& result,
                              const std::optional<BlockLists>& lists,
                              const AttentionOptions& options);

/// Query bf16 [n, heads, 1, head_dim]; `lists` has rows [n, heads or kv_heads]. Throws
/// InvalidArgument for tensors that do not fit each other.
DecodeCall prepare_decode(const at::Tensor& query, const PagedCache& cache,
                          const std::optional<BlockLists>& lists, std::optional<double> scale,
                          int multiprocessors);

}  // namespace hadal::dao::kernels::cuda
