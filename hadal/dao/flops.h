#pragma once

#include "hadal/dao/attention.h"

namespace hadal::dao {

/// Floating-point operations of the two products that attention_forward() computes for tensors of
/// these shapes: 4 head_dim for each pair of a query and a key in the blocks that it works on,
/// where a block that is visible in part counts whole, because it is computed whole. The softmax
/// and the padding of heads are left out. Needs no data of `query` and `key`.
double forward_flops(const at::Tensor& query, const at::Tensor& key,
                     const std::optional<BlockLists>& lists, const AttentionOptions& options = {});

/// Floating-point operations of the five products of attention_backward(), counted in the same way:
/// scores, gradients of the weights, and the gradients of query, key and value.
double backward_flops(const at::Tensor& query, const at::Tensor& key,
                      const std::optional<BlockLists>& lists, const AttentionOptions& options = {});

}  // namespace hadal::dao
