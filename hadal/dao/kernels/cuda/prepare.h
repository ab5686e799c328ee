#pragma once

// From tensors to what the kernels take. Knows of no CUDA, so that the tests of the emulated
// kernels prepare their calls as the library does.
#include "hadal/dao/attention_backward.h"
#include "hadal/dao/kernels/cuda/params.h"

#include <optional>

#include <ATen/core/Tensor.h>

namespace hadal::dao::kernels::cuda {

/// What both directions take, on the query's device: tensors as kernels take them.
struct CallInputs {
  at::Tensor query, key, value, offsets, blocks, mask;
  std::int64_t head_dim;  ///< before it was padded
  Shape shape;
};

/// A call's tensors, which must live until its kernels have been started, and what these take.
struct ForwardCall {
  CallInputs inputs;
  at::Tensor output, log_sum_exp;
  ForwardParams params;

  AttentionResult result() const;
};

struct BackwardCall {
  CallInputs inputs;
  at::Tensor output, output_grad, log_sum_exp, log_sum_exp_grad;
  at::Tensor transposed_offsets, transposed_blocks, terms;
  at::Tensor query_grad, key_grad, value_grad;
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

/// Tensors lie on the query's device, lists and mask on the CPU; all have been checked. Throw
/// Unsupported for another type than bf16, and for more work than a launch takes.
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
