#pragma once

#include "hadal/dao/block_lists.h"

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// The share of the visible pairs of a query and a key that is in the blocks of `lists`, exactly:
/// blocks that are visible in part count in part. `lists` is of any number of heads with `queries`
/// queries each. Pairs of keys that `key_mask` (see AttentionOptions) leaves out count on neither
/// side. 1 where no pair is visible. Throws InvalidArgument where `lists` has not as many rows or
/// names a block beyond the keys, and for another mask than bool [batch, keys].
double kept_fraction(const BlockLists& lists, std::int64_t queries, std::int64_t keys, bool causal,
                     const std::optional<at::Tensor>& key_mask = {});

}  // namespace hadal::dao
