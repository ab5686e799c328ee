#pragma once

#include "hadal/dao/inputs.h"

namespace hadal::dao {

/// Throws InvalidArgument unless all three are tensors.
void check_defined(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value);

/// Throws InvalidArgument, naming what was expected and got, unless attention_forward() takes
/// these.
void check_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const std::optional<BlockLists>& lists, const AttentionOptions& options);

/// Throws InvalidArgument, naming what was expected, unless `lists` are such of these sequences.
void check_lists(const BlockLists& lists, const Sequences& sequences, std::int64_t heads);

}  // namespace hadal::dao
