#include "hadal/models/resnet.h"

#include "hadal/models/state.h"
#include "hadal/models/test_support.h"

#include <map>

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/randn.h>

namespace hadal::models {
namespace {

using hadal::models::testing::error_of;
using testing::contains;
using testing::max_difference;
using testing::parameter_count;
using testing::randomize;

class ResNetDepth : public ::testing::TestWithParam<std::pair<int, std::int64_t>> {};

TEST_P(ResNetDepth, HasThePublishedParameterCount) {
  const auto [depth, expected] = GetParam();
  EXPECT_EQ(parameter_count(*ResNet(depth)), expected);
}

// As torchvision's documentation gives them.
INSTANTIATE_TEST_SUITE_P(Torchvision, ResNetDepth,
                         ::testing::Values(std::pair{18, 11689512}, std::pair{34, 21797672},
                                           std::pair{50, 25557032}, std::pair{101, 44549160},
                                           std::pair{152, 60192808}));

TEST(ResNet, NamesTensorsAsTorchvisionDoes) {
  const auto tensors = state(*ResNet(50));
  for (const char* name :
       {"conv1.weight", "bn1.running_var", "layer1.0.conv3.weight", "layer1.0.downsample.0.weight",
        "layer4.0.downsample.1.running_mean", "layer3.5.bn3.bias", "fc.bias"}) {
    EXPECT_TRUE(tensors.contains(name)) << name;
  }
  EXPECT_FALSE(tensors.contains("layer1.1.downsample.0.weight"));
  EXPECT_EQ(tensors.size(), 53 * 5 + 2U);  // convolutions with their norms, and the linear layer
  EXPECT_FALSE(state(*ResNet(18)).contains("layer1.0.downsample.0.weight"));
}

TEST(ResNet, HasTheStrideOnTheThreeByThreeConvolution) {
  const auto tensors = state(*ResNet(50));
  EXPECT_EQ(tensors.at("layer2.0.conv1.weight").sizes(), (at::IntArrayRef{128, 256, 1, 1}));
  EXPECT_EQ(tensors.at("layer2.0.conv2.weight").sizes(), (at::IntArrayRef{128, 128, 3, 3}));
  ResNet model(50);
  for (const auto& module : model->named_modules()) {
    const auto* conv = module.value()->as<torch::nn::Conv2d>();
    if (conv == nullptr || module.key().rfind("layer", 0) != 0) continue;
    const bool strided = module.key() == "layer2.0.conv2" || module.key() == "layer3.0.conv2" ||
                         module.key() == "layer4.0.conv2" ||
                         (module.key().ends_with("downsample.0") && module.key()[5] != '1');
    EXPECT_EQ((*conv->options.stride())[0], strided ? 2 : 1) << module.key();
  }
}

/// The network as torchvision writes it, in plain functions of the tensors' names.
class Reference {
 public:
  explicit Reference(std::map<std::string, at::Tensor> tensors) : tensors_(std::move(tensors)) {}

  at::Tensor operator()(const at::Tensor& images) const {
    at::Tensor x = norm("bn1", conv("conv1", images, 2, 3)).clamp_min(0);
    x = at::max_pool2d(x, 3, 2, 1);
    for (int stage = 1; stage <= 4; ++stage) {
      for (int i = 0; tensors_.contains(block_name(stage, i) + "conv1.weight"); ++i) {
        x = block(block_name(stage, i), x, stage > 1 && i == 0 ? 2 : 1);
      }
    }
    return at::addmm(tensors_.at("fc.bias"), x.mean({2, 3}), tensors_.at("fc.weight").t());
  }

 private:
  static std::string block_name(int stage, int i) { return concat("layer", stage, ".", i, "."); }
  at::Tensor conv(const std::string& name, const at::Tensor& x, int stride, int padding) const {
    return at::conv2d(x, tensors_.at(name + ".weight"), {}, stride, padding);
  }
  at::Tensor norm(const std::string& name, const at::Tensor& x) const {
    const auto of = [&](const char* what) { return tensors_.at(name + what).view({1, -1, 1, 1}); };
    return (x - of(".running_mean")) / (of(".running_var") + 1e-5).sqrt() * of(".weight") +
           of(".bias");
  }
  at::Tensor block(const std::string& name, const at::Tensor& x, int stride) const {
    const bool bottleneck = tensors_.contains(name + "conv3.weight");
    at::Tensor y = conv(name + "conv1", x, bottleneck ? 1 : stride, bottleneck ? 0 : 1);
    y = norm(name + "bn1", y).clamp_min(0);
    y = norm(name + "bn2", conv(name + "conv2", y, bottleneck ? stride : 1, 1));
    if (bottleneck) y = norm(name + "bn3", conv(name + "conv3", y.clamp_min(0), 1, 0));
    const bool projects = tensors_.contains(name + "downsample.0.weight");
    const at::Tensor shortcut =
        projects ? norm(name + "downsample.1", conv(name + "downsample.0", x, stride, 0)) : x;
    return (y + shortcut).clamp_min(0);
  }

  std::map<std::string, at::Tensor> tensors_;
};

TEST(ResNet, ComputesWhatPlainFunctionsDo) {
  for (const int depth : {18, 50}) {
    ResNet model(depth, 10);
    randomize(*model, 0.03);
    model->to(at::kDouble);
    model->eval();
    const auto tensors = state(*model);
    const Reference reference({tensors.begin(), tensors.end()});
    const at::Tensor images = at::randn({2, 3, 45, 64}, at::kDouble);
    const at::Tensor expected = reference(images);
    EXPECT_LT(max_difference(model->forward(images), expected),
              1e-10 * expected.abs().max().item<double>());
  }
}

TEST(ResNet, ClassifiesImagesOfAnySize) {
  for (const int depth : {18, 50}) {
    ResNet model(depth, 7);
    model->eval();
    const at::Tensor images = at::randn({2, 3, 40, 64});
    EXPECT_EQ(model->forward(images).sizes(), (at::IntArrayRef{2, 7}));
  }
}

TEST(ResNet, RunsItsBlocksAsItIsTold) {
  ResNet model(18, 5);
  randomize(*model, 0.05);
  model->eval();
  const at::Tensor images = at::randn({1, 3, 32, 32});
  int blocks = 0;
  const auto run = [&](torch::nn::Module& module, const auto& block, const at::Tensor& x) {
    EXPECT_FALSE(module.parameters().empty());
    ++blocks;
    return block(x);
  };
  EXPECT_EQ(max_difference(model->forward(images, run), model->forward(images)), 0);
  EXPECT_EQ(blocks, 8);
}

TEST(ResNet, RefusesOtherDepthsClassesAndInputs) {
  EXPECT_TRUE(contains(error_of([] { ResNet(51); }), "got 51"));
  EXPECT_TRUE(contains(error_of([] { ResNet(18, 1); }), "2 or more classes, got 1"));
  ResNet model(18);
  const auto refusal = [&](const at::Tensor& x) { return error_of([&] { model->forward(x); }); };
  EXPECT_TRUE(contains(refusal(at::randn({1, 1, 64, 64})), "expected Float [*, 3, *, *]"));
  EXPECT_TRUE(contains(refusal(at::randn({1, 3, 16, 64})), "32x32 or more, got 16x64"));
  EXPECT_TRUE(contains(refusal(at::randn({1, 3, 64, 64}, at::kDouble)), "got Double"));
}

}  // namespace
}  // namespace hadal::models
