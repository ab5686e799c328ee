#pragma once

#include "hadal/dao/attention.h"
#include "hadal/dao/select/selector.h"

namespace hadal::dao {

/// attention() over sequences of any lengths that lie one after another, each on its own. Query
/// [total_q, heads, head_dim], key and value [total_k, kv_heads, head_dim]; sequence i has the
/// queries from cu_seqlens_q[i] to cu_seqlens_q[i + 1] and the keys from cu_seqlens_k[i] to
/// cu_seqlens_k[i + 1] (int32 or int64 [sequences + 1] on the CPU, from 0 to the total). Output
/// [total_q, heads, head_dim], log-sum-exp fp32 [heads, total_q]. `lists` has the rows of the first
/// sequence, head by head, then those of the next, with blocks counted within the sequence: see
/// select_varlen(). Nothing is padded, so key_mask must be empty. Differentiable as attention() is.
/// Throws InvalidArgument, naming what was expected and got, for other inputs.
AttentionResult attention_varlen(const at::Tensor& query, const at::Tensor& key,
                                 const at::Tensor& value, const at::Tensor& cu_seqlens_q,
                                 const at::Tensor& cu_seqlens_k,
                                 const std::optional<BlockLists>& lists = {},
                                 const AttentionOptions& options = {});

/// What `selector` chooses for each sequence, as attention_varlen() takes it. Throws
/// InvalidArgument where that does.
BlockLists select_varlen(const Selector& selector, const at::Tensor& query, const at::Tensor& key,
                         const at::Tensor& cu_seqlens_q, const at::Tensor& cu_seqlens_k,
                         const AttentionOptions& options = {});

}  // namespace hadal::dao
