#include "hadal/draf/parallel/stage.h"

#include "hadal/models/llama/make_model.h"
#include "hadal/models/llama/tensors.h"
#include "hadal/testing/error_of.h"

#include <algorithm>
#include <set>

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using hadal::testing::error_of;

models::LlamaConfig of_layers(std::int64_t layers, std::int64_t vocabulary) {
  models::LlamaConfig config = models::tiny_config(models::LlamaFamily::llama);
  config.layers = layers;
  config.windows.assign(static_cast<std::size_t>(layers), 0);
  for (std::size_t i = 0; i < config.windows.size(); ++i) {
    config.windows[i] = static_cast<std::int64_t>(i);
  }
  config.vocabulary = vocabulary;
  return config;
}

std::vector<std::int64_t> counts_of(const std::vector<LayerRange>& stages) {
  std::vector<std::int64_t> counts;
  std::int64_t next = 0;
  for (const LayerRange& stage : stages) {
    EXPECT_EQ(stage.first, next);
    next += stage.count;
    counts.push_back(stage.count);
  }
  return counts;
}

/// The least cost that the slowest stage can have, by trying all deals.
double least(std::int64_t layers, int stages, double layer, double head) {
  if (stages == 1) return layer * static_cast<double>(layers) + head;
  double best = 1e30;
  for (std::int64_t own = 1; own + stages - 1 <= layers; ++own) {
    const double slowest =
        std::max(layer * static_cast<double>(own), least(layers - own, stages - 1, layer, head));
    best = std::min(best, slowest);
  }
  return best;
}

TEST(Stages, MakeTheSlowestAsFastAsCanBe) {
  for (const std::int64_t vocabulary : {512, 40'000, 400'000}) {
    for (const int stages : {1, 2, 3, 4}) {
      for (const std::int64_t layers : {4, 7, 10}) {
        const auto config = of_layers(layers, vocabulary);
        auto none = config;
        none.layers = 0;
        const auto weights = static_cast<double>(parameter_count(config) - parameter_count(none));
        const double layer = weights / static_cast<double>(layers);
        const auto head = static_cast<double>(vocabulary * config.dim);
        const auto counts = counts_of(stages_of(config, stages));
        double slowest = 0;
        for (std::size_t i = 0; i < counts.size(); ++i) {
          const double own = layer * static_cast<double>(counts[i]);
          slowest = std::max(slowest, i + 1 == counts.size() ? own + head : own);
        }
        EXPECT_EQ(slowest, least(layers, stages, layer, head)) << stages << ' ' << layers;
      }
    }
  }
}

TEST(Stages, RefuseFewerLayersThanStages) {
  EXPECT_EQ(error_of<InvalidArgument>([] { stages_of(of_layers(3, 512), 4); }),
            "pipeline parallelism: the model's 3 layers do not suffice for 4 stages");
}

TEST(Stages, HoldEachWeightOnceAndATiedEmbeddingTwice) {
  for (const bool tied : {false, true}) {
    auto config = of_layers(5, 512);
    config.tied = tied;
    models::LlamaWeights whole{.config = config, .tensors = {}};
    models::for_each_tensor(config, [&](const models::LlamaTensor& tensor) {
      whole.tensors[tensor.name] = at::empty(tensor.shape);
    });
    std::multiset<const void*> held;
    for (const LayerRange& layers : stages_of(config, 3)) {
      const auto stage = stage_of(whole, layers);
      EXPECT_EQ(stage.config.windows.front(), layers.first);
      EXPECT_EQ(std::ssize(stage.config.windows), layers.count);
      const std::string part = "self_attn.q_proj.weight";
      for (std::int64_t i = 0; i < layers.count; ++i) {
        EXPECT_TRUE(stage.tensors.at(models::layer_tensor(i, part))
                        .is_same(whole.tensors.at(models::layer_tensor(layers.first + i, part))));
      }
      for (const auto& [name, tensor] : stage.tensors) held.insert(tensor.const_data_ptr());
    }
    for (const auto& [name, tensor] : whole.tensors) {
      const bool twice = tied && name == models::kEmbeddingTensor;
      EXPECT_EQ(held.count(tensor.const_data_ptr()), twice ? 2U : 1U) << name;
    }
  }
}

}  // namespace
}  // namespace hadal::draf
