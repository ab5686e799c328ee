#pragma once

#include "hadal/models/llama/weights.h"

#include <cstdint>
#include <vector>

namespace hadal::draf {

/// Layers of a model, one after another.
struct LayerRange {
  std::int64_t first;
  std::int64_t count;
};

/// Deals a model's layers out to stages so that the slowest is as fast as can be. A stage's cost is
/// that of the weights that it reads to generate a token, which is what generating takes its time
/// for: its layers', and the head's in the last; of the embedding, one row. Throws InvalidArgument
/// where there are fewer layers than stages.
std::vector<LayerRange> stages_of(const models::LlamaConfig& config, int stages);

/// The part of a model that a stage holds: its layers, whose numbers begin at 0, the embedding at
/// the first stage, and norm and head at the last. In the config, layers and windows are the
/// stage's. Weights stay those of `weights`.
models::LlamaWeights stage_of(const models::LlamaWeights& weights, const LayerRange& layers);

}  // namespace hadal::draf
