#pragma once

#include "hadal/dao/attention.h"

namespace hadal::dao {

/// Floating-point operations of a pass's matrix products, a multiply-add as two; softmax, packing
/// and rescaling are left out. Both are exact.
struct FlopCount {
  /// Of the pairs of a query and a key that see each other: what the pass is about.
  double visible;
  /// What the kernels execute. They work on whole blocks of 64 keys, on queries in eights forward
  /// and 64 at a time backward, and on heads padded to a multiple of 32. (Where something is not
  /// finite, they may skip some of it.)
  double executed;
};

/// Of the two products of attention_forward(): scores and output, so 4 head_dim for each visible
/// pair. Needs no data of `query` and `key`; lists and key_mask must fit them.
FlopCount forward_flops(const at::Tensor& query, const at::Tensor& key,
                        const std::optional<BlockLists>& lists,
                        const AttentionOptions& options = {});

/// Of the five products of attention_backward(): scores, gradients of the weights, and the
/// gradients of query, key and value, so 10 head_dim for each visible pair.
FlopCount backward_flops(const at::Tensor& query, const at::Tensor& key,
                         const std::optional<BlockLists>& lists,
                         const AttentionOptions& options = {});

}  // namespace hadal::dao
