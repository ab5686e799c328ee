#pragma once

#include "hadal/dao/inputs.h"

namespace hadal::dao {

/// Where sequences begin and end, int64 [sequences + 1], contiguous; undefined for a batch whose
/// entries are sequences.
struct CuSeqlens {
  at::Tensor queries, keys;
};

/// Of checked inputs.
inline Sequences sequences_of(const at::Tensor& query, const at::Tensor& key,
                              const CuSeqlens& lengths) {
  if (!lengths.queries.defined()) return batch_sequences(query, key);
  return {.queries = Segments(lengths.queries), .keys = Segments(lengths.keys)};
}

/// Attention with gradients, of checked inputs [batch, heads, tokens, head_dim]. With lengths, the
/// output lies with tokens before heads.
AttentionResult differentiable_attention(const at::Tensor& query, const at::Tensor& key,
                                         const at::Tensor& value, const CuSeqlens& lengths,
                                         const std::optional<BlockLists>& lists,
                                         const AttentionOptions& options);

}  // namespace hadal::dao
