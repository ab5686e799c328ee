#pragma once

// What is made on the CPU for kernels and then copied to their device.
#include "hadal/dao/block_lists.h"

namespace hadal::dao::kernels::cuda {

/// Lists by blocks of keys, rows [batch, heads, key blocks], of the blocks of queries that look at
/// each; `lists` has been checked.
BlockLists transposed(const BlockLists& lists, std::int64_t query_blocks, std::int64_t key_blocks);

/// The words of KeyBits of a bool mask [batch, keys], int64 [batch, key blocks].
at::Tensor mask_words(const at::Tensor& mask);

}  // namespace hadal::dao::kernels::cuda
