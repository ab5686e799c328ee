#pragma once

#include "hadal/dao/attention.h"

namespace hadal::dao {

/// attention_forward() with gradients: differentiable once in query, key and value, through both of
/// its results. Keeps the inputs, the results and the lists for the backward pass, nothing larger.
/// Differentiating twice throws Unsupported.
AttentionResult attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                          const std::optional<BlockLists>& lists = {},
                          const AttentionOptions& options = {});

}  // namespace hadal::dao
