#include "hadal/draf/plan/memory.h"

#include "hadal/draf/plan/operators.h"

#include <algorithm>
#include <cmath>

namespace hadal::draf::plan {
namespace {

double stage_layers(const Shape& shape, const Layout& layout) {
  return std::ceil(static_cast<double>(shape.layers) / static_cast<double>(layout.pipeline));
}

double kv_dim_of_rank(const Shape& shape, const Layout& layout) {
  const double heads = static_cast<double>(shape.kv_heads) / static_cast<double>(layout.tensor);
  return std::max(1.0, heads) * static_cast<double>(shape.head_dim);
}

/// Numbers that live at a time, a token: the residual stream, its norm and an operator's result,
/// whole; query, key, value and the feed-forward layer, a rank's share.
double live_numbers(const Shape& shape, const Layout& layout) {
  const double share =
      shape.query_dim() + static_cast<double>((shape.gated ? 2 : 1) * shape.hidden);
  return 3 * static_cast<double>(shape.dim) + share / static_cast<double>(layout.tensor) +
         2 * kv_dim_of_rank(shape, layout);
}

}  // namespace

DeviceMemory device_memory(const Shape& shape, const Layout& layout, double length,
                           double step_tokens) {
  const auto ranks = static_cast<double>(layout.tensor);
  const double layers = stage_layers(shape, layout);
  const double kv = kv_dim_of_rank(shape, layout);
  const auto dim = static_cast<double>(shape.dim);
  const double shared = shape.layer_parameters() - 2 * dim * shape.kv_dim();
  // The first stage has the embedding, the last the head, a single one both.
  const bool both = layout.pipeline == 1 && !shape.tied;
  const double embeddings =
      ((both ? 2 : 1) * shape.embedding_parameters() + shape.position_parameters()) / ranks;
  return {.weights = layers * (shared / ranks + 2 * dim * kv) * shape.weight_bytes,
          .embeddings = embeddings * shape.weight_bytes,
          .cache = layers * 2 * kv * shape.cache_bytes * length * static_cast<double>(layout.batch),
          .activations = step_tokens * live_numbers(shape, layout) * kActivationBytes};
}

std::int64_t most_sequences(const Shape& shape, const Cluster& cluster, const Layout& layout,
                            double length, double step_tokens, double reserve) {
  Layout one = layout;
  one.batch = 1;
  const DeviceMemory memory = device_memory(shape, one, length, step_tokens);
  const double left = cluster.device.memory * (1 - reserve) - (memory.total() - memory.cache);
  constexpr double kMost = 1e9;
  return static_cast<std::int64_t>(std::clamp(left / memory.cache, 0.0, kMost));
}

}  // namespace hadal::draf::plan
