#pragma once

#include "hadal/models/llama/weights.h"

#include <cstdint>

namespace hadal::draf {

/// Which of the equal parts of a model a rank holds.
struct ShardPlace {
  int rank = 0;
  int ranks = 1;
};

/// How many rows of the vocabulary each rank but the last has.
std::int64_t vocabulary_part(std::int64_t vocabulary, int ranks);

/// The part of a model that a rank holds in tensor parallelism: rows of query, key, value, gate,
/// up, the embedding and the head, columns of the other two, whose outputs the ranks add up; biases
/// of those are rank 0's. Where there are fewer heads of keys than ranks, ranks share one. In the
/// config, heads and widths are the part's, and the vocabulary stays the whole. Rows stay views of
/// `weights`, so that a rank reads its own part of a mapped file alone; columns are copied.
///
/// Throws InvalidArgument, naming the number, where heads, heads of keys or the width do not
/// divide.
models::LlamaWeights shard_of(const models::LlamaWeights& weights, const ShardPlace& place);

}  // namespace hadal::draf
