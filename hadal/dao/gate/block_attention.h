#pragma once

#include "hadal/dao/attention.h"

namespace hadal::dao {

/// How dense attention is spread over blocks: for each block of queries the mean, over its queries
/// that see a key, of the weight that falls in each block of keys. fp32 [batch, heads, query
/// blocks, key blocks]; a row adds up to 1, or to 0 where it sees nothing. Exact, in fp32; beside
/// the result, memory is linear in the number of tokens. No gradients. Throws InvalidArgument for
/// what attention_forward() does not take.
at::Tensor block_attention(const at::Tensor& query, const at::Tensor& key,
                           const AttentionOptions& options = {});

}  // namespace hadal::dao
