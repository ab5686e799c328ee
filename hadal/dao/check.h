#pragma once

#include "hadal/dao/attention.h"

namespace hadal::dao {

/// Throws InvalidArgument, naming what was expected and got, unless attention_forward() takes
/// these.
void check_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const std::optional<BlockLists>& lists, const AttentionOptions& options);

/// The same for lists of `rows` rows that name blocks below `key_blocks`.
void check_lists(const BlockLists& lists, std::int64_t rows, std::int64_t key_blocks);

}  // namespace hadal::dao
