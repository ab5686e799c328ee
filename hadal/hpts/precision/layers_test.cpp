#include "hadal/hpts/precision/layers.h"

#include "hadal/models/resnet_cifar.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

namespace hadal::hpts {
namespace {

TEST(LayersOf, NamesThemAsNamedModulesDoesInItsOrder) {
  const models::ResNetCifar model(8);
  std::vector<std::string> expected;
  for (const auto& item : model->named_modules()) {
    if (!item.value()->parameters(/*recurse=*/false).empty()) expected.push_back(item.key());
  }
  std::vector<std::string> found;
  for (const Layer& layer : layers_of(*model)) found.push_back(layer.name);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(found.front(), "conv1");
  EXPECT_EQ(found.back(), "linear");
}

TEST(LayersOf, TellsTheFirstAndTheLastMatrixAndNorms) {
  const models::ResNetCifar model(8);
  const auto layers = layers_of(*model);
  EXPECT_EQ(layers.front().role, LayerRole::first);
  EXPECT_EQ(layers.at(1).role, LayerRole::norm);
  EXPECT_EQ(layers.at(2).role, LayerRole::inner);
  EXPECT_EQ(layers.back().role, LayerRole::last);
  const auto of_role = [&](LayerRole role) {
    return std::count_if(layers.begin(), layers.end(),
                         [&](const Layer& layer) { return layer.role == role; });
  };
  EXPECT_EQ(of_role(LayerRole::first), 1);
  EXPECT_EQ(of_role(LayerRole::last), 1);
  EXPECT_EQ(of_role(LayerRole::norm), 7);
}

/// Owns a parameter itself, ties its output to its embedding, and freezes a layer.
struct TiedModel : torch::nn::Module {
  TiedModel() {
    register_parameter("scale", at::Tensor(torch::nn::Linear(1, 1)->bias.detach()));
    embedding = register_module("embedding", torch::nn::Embedding(5, 3));
    norm = register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({3})));
    frozen = register_module("frozen", torch::nn::Linear(3, 3));
    output = register_module("output", torch::nn::Linear(3, 5));
    output->weight = output->register_parameter("tied", embedding->weight);
    frozen->weight.requires_grad_(false);
  }
  torch::nn::Embedding embedding{nullptr};
  torch::nn::LayerNorm norm{nullptr};
  torch::nn::Linear frozen{nullptr};
  torch::nn::Linear output{nullptr};
};

TEST(LayersOf, CountsATiedParameterOnceAndAFrozenOneNever) {
  const TiedModel model;  // on the stack, where named_modules() would not run
  const auto layers = layers_of(model);
  ASSERT_EQ(layers.size(), 5U);
  EXPECT_EQ(layers[0].name, "");
  EXPECT_EQ(layers[0].role, LayerRole::norm);
  EXPECT_EQ(layers[1].role, LayerRole::first);
  EXPECT_EQ(layers[1].parameters.size(), 1U);
  EXPECT_EQ(layers[3].parameters.size(), 1U);  // the bias
  EXPECT_EQ(layers[4].role, LayerRole::last);
  EXPECT_EQ(layers[4].parameters.size(), 2U);  // its own weight and bias
}

TEST(LayersOf, GivesNoneForAModelWithoutParameters) {
  EXPECT_TRUE(layers_of(torch::nn::Module()).empty());
}

}  // namespace
}  // namespace hadal::hpts
