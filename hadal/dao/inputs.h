#pragma once

#include "hadal/dao/attention.h"
#include "hadal/dao/segments.h"

namespace hadal::dao {

/// What one call of attention works on, checked.
struct Inputs {
  at::Tensor query, key, value;  ///< [batch, heads, tokens, head_dim], of any strides
  Sequences sequences;
  std::optional<BlockLists> lists;
  AttentionOptions options;
};

/// The sequences of a batch without lengths: all of each entry.
inline Sequences batch_sequences(const at::Tensor& query, const at::Tensor& key) {
  return {.queries = Segments(query.size(0), query.size(2)),
          .keys = Segments(key.size(0), key.size(2))};
}

}  // namespace hadal::dao
