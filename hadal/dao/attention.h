#pragma once

#include "hadal/dao/block_lists.h"

#include <optional>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

struct AttentionOptions {
  bool causal = true;  ///< query i of n sees the keys up to i + m - n of m
  /// Of the scores; 1 / sqrt(head_dim) where empty. Must be positive.
  std::optional<double> scale = {};
  /// Which keys are real, bool [batch, keys]: no query sees the others, which are padding. All are
  /// where empty.
  std::optional<at::Tensor> key_mask = {};
};

struct AttentionResult {
  at::Tensor output;  ///< [batch, heads, queries, head_dim], of the query's type
  at::Tensor
      log_sum_exp;  ///< fp32 [batch, heads, queries]; -infinity for a query that sees nothing
};

/// Attention over the pairs of blocks of kBlockSize queries and keys that `lists` keeps, or over
/// all that are visible where it is empty, by kernels of our own for the CPU (see isa.h). Query
/// [batch, heads, queries, head_dim], key and value [batch, kv_heads, keys, head_dim], where
/// kv_heads divides heads (grouped queries); fp32, bf16 or fp16, one type, any strides; head_dim up
/// to 256. Memory is linear in the number of tokens. bf16 computes products in bf16 with
/// AVX512_BF16 and otherwise, like fp16, in fp32; sums are fp32 always. A query that sees nothing
/// gives zeros. What is NaN or infinite reaches the queries that see it, as by the definition, and
/// no others; products of blocks that are visible in part are slower then. No gradients. Throws
/// InvalidArgument, naming what was expected and got, for other inputs.
///
/// With HADAL_CUDA tensors may also lie on a CUDA device (lists and mask on the CPU): bf16 only, or
/// Unsupported is thrown, and what is NaN or infinite there also reaches those queries of its block
/// that do not see its key.
AttentionResult attention_forward(const at::Tensor& query, const at::Tensor& key,
                                  const at::Tensor& value, const std::optional<BlockLists>& lists,
                                  const AttentionOptions& options = {});

}  // namespace hadal::dao
