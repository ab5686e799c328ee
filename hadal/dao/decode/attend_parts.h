#pragma once

#include "hadal/dao/decode/plan.h"

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// Some of a group's blocks, and where its results go.
struct Part {
  const Group* group;
  std::int64_t first, count;  ///< among the blocks that the group looks at
  /// Of the partial results, one for each of the group's queries; empty for a group's only part,
  /// whose results are the group's.
  std::optional<std::int64_t> row;
};

/// All that the parts of one call of decode() share.
struct PartsCall {
  const DecodeShape& shape;
  at::Tensor query;  ///< of the cache's type [sequences, heads, queries, head_dim], any strides
  double scale;
  std::vector<Part> parts;
  at::Tensor part_output;       ///< fp32 [rows, head_dim]
  at::Tensor part_log_sum_exp;  ///< fp32 [rows]
  at::Tensor output;            ///< fp32 [sequences, heads, queries, head_dim], rows dense
  at::Tensor log_sum_exp;       ///< fp32 [sequences, heads, queries], contiguous

  std::int64_t head_dim() const { return query.size(3); }
};

/// Where a part's results go: those of the queries of each head, and the heads, some floats apart.
struct PartPlace {
  float* output;
  std::int64_t head_stride, token_stride;
  float* log_sum_exp;
  std::int64_t log_sum_stride;  ///< between heads; those of a head are dense
};

PartPlace place_of(const PartsCall& call, const Part& part);

/// Fills the partial results, and the others where a group has one part.
void attend_parts(const PartsCall& call);

}  // namespace hadal::dao
