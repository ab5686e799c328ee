#pragma once

#include "hadal/dao/block_lists.h"

#include <optional>

#include <ATen/core/Tensor.h>

namespace hadal::dao::ops {

/// The lists of a mask of blocks for these queries and keys, none where there is no mask. Throws
/// InvalidArgument unless it is bool [batch, heads, query blocks, key blocks].
std::optional<BlockLists> lists_of(const std::optional<at::Tensor>& block_mask,
                                   const at::Tensor& query, const at::Tensor& key);

/// The mask bool [batch, heads, query blocks, key blocks] of lists for these queries and keys.
at::Tensor mask_of(const BlockLists& lists, const at::Tensor& query, const at::Tensor& key);

}  // namespace hadal::dao::ops
