#pragma once

#include "hadal/dao/attention.h"
#include "hadal/dao/block_lists.h"

namespace hadal::dao {

/// How dense attention is spread over blocks: for each block of queries the mean, over its queries
/// that see a key, of the weight that falls in each block of keys. fp32 [batch, heads, query
/// blocks, key blocks]; a row adds up to 1, or to 0 where it sees nothing. Exact, in fp32; beside
/// the result, memory is linear in the number of tokens. No gradients. Throws InvalidArgument for
/// what attention_forward() does not take.
at::Tensor block_attention(const at::Tensor& query, const at::Tensor& key,
                           const AttentionOptions& options = {});

/// The share of dense attention that falls in the blocks of `lists`, a mean over the rows that see
/// something; `attention` is of block_attention(). 1 where no row does. Throws InvalidArgument
/// where the two do not fit.
double kept_attention(const BlockLists& lists, const at::Tensor& attention);

}  // namespace hadal::dao
