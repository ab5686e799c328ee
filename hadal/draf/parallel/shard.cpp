#include "hadal/draf/parallel/shard.h"

#include "hadal/core/error.h"
#include "hadal/models/llama/tensors.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace hadal::draf {
namespace {

using models::LlamaConfig;

struct Range {
  std::int64_t first;
  std::int64_t count;
};

/// What a rank has of each of a model's dimensions.
struct Parts {
  Range queries, keys, hidden, vocabulary;
};

void require_divides(std::int64_t number, const char* what, int ranks) {
  if (number % ranks == 0) return;
  throw InvalidArgument(concat("tensor parallelism: the model's ", number, " ", what,
                               " do not divide by ", ranks, " ranks"));
}

Range part_of(std::int64_t number, const ShardPlace& place) {
  const std::int64_t count = number / place.ranks;
  return {place.rank * count, count};
}

/// The heads of keys that a rank's heads of queries look at.
Range keys_of(const LlamaConfig& config, const ShardPlace& place) {
  if (config.kv_heads >= place.ranks) {
    require_divides(config.kv_heads, "heads of keys", place.ranks);
    return part_of(config.kv_heads, place);
  }
  if (place.ranks % config.kv_heads != 0) {
    throw InvalidArgument(concat("tensor parallelism: ", place.ranks,
                                 " ranks do not divide by the model's ", config.kv_heads,
                                 " heads of keys"));
  }
  return {place.rank * config.kv_heads / place.ranks, 1};
}

Range vocabulary_of(std::int64_t vocabulary, const ShardPlace& place) {
  const std::int64_t part = vocabulary_part(vocabulary, place.ranks);
  const std::int64_t first = std::min(place.rank * part, vocabulary);
  return {first, std::min(part, vocabulary - first)};
}

Range times(const Range& range, std::int64_t factor) {
  return {range.first * factor, range.count * factor};
}

at::Tensor rows(const at::Tensor& weight, const Range& range) {
  return weight.narrow(0, range.first, range.count);
}

at::Tensor columns(const at::Tensor& weight, const Range& range) {
  return weight.narrow(1, range.first, range.count).contiguous();
}

/// The rank's part of a tensor, or an undefined one where another rank has it.
at::Tensor part_of(const std::string& name, const at::Tensor& tensor, const Parts& parts,
                   const LlamaConfig& config, const ShardPlace& place) {
  const auto is = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  const auto is_bias = name.ends_with(".bias");
  if (name == models::kEmbeddingTensor || name == models::kHeadTensor) {
    return rows(tensor, parts.vocabulary);
  }
  if (is("q_proj")) return rows(tensor, times(parts.queries, config.head_dim));
  if (is("k_proj") || is("v_proj")) return rows(tensor, times(parts.keys, config.head_dim));
  if (is("gate_proj") || is("up_proj")) return rows(tensor, parts.hidden);
  if (!is("o_proj") && !is("down_proj")) return tensor;
  if (is_bias) return place.rank == 0 ? tensor : at::Tensor();
  return columns(tensor, is("o_proj") ? times(parts.queries, config.head_dim) : parts.hidden);
}

}  // namespace

std::int64_t vocabulary_part(std::int64_t vocabulary, int ranks) {
  return (vocabulary + ranks - 1) / ranks;
}

models::LlamaWeights shard_of(const models::LlamaWeights& weights, const ShardPlace& place) {
  const LlamaConfig& config = weights.config;
  require_divides(config.heads, "heads", place.ranks);
  require_divides(config.hidden, "numbers of the feed-forward layers' width", place.ranks);
  const Parts parts{.queries = part_of(config.heads, place),
                    .keys = keys_of(config, place),
                    .hidden = part_of(config.hidden, place),
                    .vocabulary = vocabulary_of(config.vocabulary, place)};
  models::LlamaWeights shard{.config = config, .tensors = {}};
  shard.config.heads = parts.queries.count;
  shard.config.kv_heads = parts.keys.count;
  shard.config.hidden = parts.hidden.count;
  for (const auto& [name, tensor] : weights.tensors) {
    const at::Tensor part = part_of(name, tensor, parts, config, place);
    if (part.defined()) shard.tensors.emplace(name, part);
  }
  return shard;
}

}  // namespace hadal::draf
