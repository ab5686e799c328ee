#pragma once

#include "hadal/dao/attention.h"

namespace hadal::dao {

/// Throws InvalidArgument, naming what was expected and got, unless attention_forward() takes
/// these.
void check_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const std::optional<BlockLists>& lists, const AttentionOptions& options);

}  // namespace hadal::dao
