#pragma once

#include "hadal/dao/attention.h"

namespace hadal::dao {

/// Where dense attention needs a block: for each block of queries the largest share, over its
/// queries, of the weight that falls in each block of keys. fp32 [batch, heads, query blocks, key
/// blocks], from 0 to 1. (The mean over 64 queries would drown the one that needs a block.) Exact,
/// in fp32; beside the result, memory is linear in the number of tokens. No gradients. Throws
/// InvalidArgument for what attention_forward() does not take.
at::Tensor block_attention(const at::Tensor& query, const at::Tensor& key,
                           const AttentionOptions& options = {});

}  // namespace hadal::dao
