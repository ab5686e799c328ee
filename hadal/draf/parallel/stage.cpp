#include "hadal/draf/parallel/stage.h"

#include "hadal/core/error.h"
#include "hadal/models/llama/tensors.h"

#include <algorithm>
#include <string>

namespace hadal::draf {
namespace {

/// Whether the stage of these layers needs a weight.
bool holds(const models::LlamaConfig& config, const LayerRange& layers,
           const models::LlamaTensor& tensor) {
  const std::int64_t end = layers.first + layers.count;
  if (tensor.layer >= 0) return tensor.layer >= layers.first && tensor.layer < end;
  const bool is_last = end == config.layers;
  if (tensor.name != models::kEmbeddingTensor) return is_last;
  return layers.first == 0 || (is_last && config.tied);
}

}  // namespace

std::vector<LayerRange> stages_of(const models::LlamaConfig& config, int stages) {
  if (stages < 1 || stages > config.layers) {
    throw InvalidArgument(concat("pipeline parallelism: the model's ", config.layers,
                                 " layers do not suffice for ", stages, " stages"));
  }
  models::LlamaConfig without_layers = config;
  without_layers.layers = 0;
  const std::int64_t layer =
      (parameter_count(config) - parameter_count(without_layers)) / config.layers;
  std::vector<std::int64_t> costs(static_cast<std::size_t>(stages), layer);
  costs.front() += config.dim;
  costs.back() += config.vocabulary * config.dim;
  std::vector<LayerRange> ranges(costs.size(), {.first = 0, .count = 1});
  // Layers cost the same, so that the stage that is cheapest with one more takes the next.
  for (std::int64_t left = config.layers - stages; left > 0; --left) {
    const auto cheapest = std::ranges::min_element(costs) - costs.begin();
    costs[static_cast<std::size_t>(cheapest)] += layer;
    ++ranges[static_cast<std::size_t>(cheapest)].count;
  }
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    ranges[i].first = ranges[i - 1].first + ranges[i - 1].count;
  }
  return ranges;
}

models::LlamaWeights stage_of(const models::LlamaWeights& weights, const LayerRange& layers) {
  models::LlamaWeights stage{.config = weights.config, .tensors = {}};
  stage.config.layers = layers.count;
  if (!weights.config.windows.empty()) {
    const auto first = weights.config.windows.begin() + layers.first;
    stage.config.windows.assign(first, first + layers.count);
  }
  models::for_each_tensor(weights.config, [&](const models::LlamaTensor& tensor) {
    if (!holds(weights.config, layers, tensor)) return;
    std::string name = tensor.name;
    if (tensor.layer >= 0) {
      const std::size_t prefix = models::layer_tensor(tensor.layer, "").size();
      name = models::layer_tensor(tensor.layer - layers.first, name.substr(prefix));
    }
    stage.tensors.emplace(name, weights.tensors.at(tensor.name));
  });
  return stage;
}

}  // namespace hadal::draf
