#include "hadal/models/resnet_cifar.h"

#include "hadal/models/state.h"
#include "hadal/models/test_support.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/zeros.h>

namespace hadal::models {
namespace {

using hadal::models::testing::error_of;
using testing::contains;
using testing::max_difference;
using testing::parameter_count;
using testing::randomize;

class ResNetCifarDepth : public ::testing::TestWithParam<std::pair<int, std::int64_t>> {};

TEST_P(ResNetCifarDepth, HasThePapersParameterCount) {
  const auto [depth, expected] = GetParam();
  EXPECT_EQ(parameter_count(*ResNetCifar(depth)), expected);
}

// Counted by hand from table 6 of the paper, where they stand as 0.27, 0.46, 0.66, 0.85 and 1.7
// million: 16 * 27 + n * (2 * 16^2 + 2 * 32^2 + 2 * 64^2) * 9, less what the first blocks of
// stages 2 and 3 do not have, two a channel for each norm, and 650 at the end.
INSTANTIATE_TEST_SUITE_P(Paper, ResNetCifarDepth,
                         ::testing::Values(std::pair{20, 269722}, std::pair{32, 464154},
                                           std::pair{44, 658586}, std::pair{56, 853018},
                                           std::pair{110, 1727962}));

TEST(ResNetCifar, TakesOtherDepthsAndNumbersOfClasses) {
  for (const int depth : {8, 14, 26}) {
    ResNetCifar model(depth, 100);
    model->eval();
    EXPECT_EQ(model->forward(at::rand({2, 3, 32, 32})).sizes(), (at::IntArrayRef{2, 100}));
  }
}

TEST(ResNetCifar, NamesTensorsAsPublishedCheckpointsDo) {
  const auto tensors = state(*ResNetCifar(8));
  for (const char* name : {"conv1.weight", "bn1.running_var", "layer1.0.conv2.weight",
                           "layer3.0.bn2.running_mean", "linear.bias"}) {
    EXPECT_TRUE(tensors.contains(name)) << name;
  }
  EXPECT_EQ(tensors.size(), 7 * 5 + 2U);  // 7 convolutions with their norms, and the linear layer
}

TEST(ResNetCifar, StartsAsHeEtAlDo) {
  const auto tensors = state(*ResNetCifar(20));
  const at::Tensor weight = tensors.at("layer3.1.conv1.weight");  // 36,864 values
  EXPECT_NEAR(weight.std().item<double>(), std::sqrt(2.0 / (64 * 9)), 0.02 * 0.059);
  EXPECT_NEAR(weight.mean().item<double>(), 0, 4 * 0.059 / 192);
}

// With residuals of zero, only the stem and the shortcuts are left. The stem copies the image's
// first channel to channel c with factor c + 1, and the linear layer passes the 64 averages on.
TEST(ResNetCifar, ShortcutsSampleEverySecondPixelAndPadChannelsOnBothSides) {
  ResNetCifar model(8, 64);
  model->to(at::kDouble);
  model->eval();
  for (auto& [name, tensor] : state(*model)) {
    if (name.ends_with("running_var") || name == "bn1.weight") {
      tensor.fill_(1);
    } else {
      tensor.zero_();
    }
  }
  auto tensors = state(*model);
  for (int c = 0; c < 16; ++c) tensors.at("conv1.weight")[c][0][1][1] = c + 1;
  tensors.at("linear.weight").copy_(at::eye(64));

  const at::Tensor images = at::rand({2, 3, 32, 32}, at::kDouble);
  const at::Tensor sampled =
      images.select(1, 0).slice(1, 0, std::nullopt, 4).slice(2, 0, std::nullopt, 4).mean({1, 2});
  at::Tensor expected = at::zeros({2, 64}, at::kDouble);
  for (int c = 0; c < 16; ++c) {
    expected.select(1, 8 + 16 + c).copy_(sampled * (c + 1) / std::sqrt(1 + 1e-5));
  }
  EXPECT_LT(max_difference(model->forward(images), expected), 1e-12);
}

TEST(ResNetCifar, FoldingBatchNormKeepsTheOutputs) {
  for (const auto& [type, tolerance] :
       {std::pair{at::kDouble, 1e-12}, std::pair{at::kFloat, 1e-4}}) {
    ResNetCifar model(14);
    randomize(*model, 0.1);
    model->to(type);
    model->eval();
    const at::Tensor images = at::randn({3, 3, 32, 32}, type);
    const at::Tensor before = model->forward(images);
    model->fold_batch_norm();
    EXPECT_GT(before.std().item<double>(), 0.1);
    EXPECT_LT(max_difference(model->forward(images), before), tolerance);
    model->fold_batch_norm();
    model->train();
    EXPECT_LT(max_difference(model->forward(images), before), tolerance);
  }
}

TEST(ResNetCifar, FoldingLeavesConvolutionsWithBiasesOnly) {
  ResNetCifar model(8);
  model->eval();
  model->fold_batch_norm();
  const auto tensors = state(*model);
  EXPECT_EQ(tensors.size(), 7 * 2 + 2U);
  for (const auto& [name, tensor] : tensors) EXPECT_EQ(name.find("bn"), name.npos) << name;
  EXPECT_EQ(tensors.at("layer2.0.conv1.bias").sizes(), (at::IntArrayRef{32}));
  for (const auto& module : model->modules()) EXPECT_FALSE(module->is_training());
}

TEST(ResNetCifar, GradientsReachEveryParameterAndTheImages) {
  ResNetCifar model(14);
  const at::Tensor images = at::rand({4, 3, 32, 32}).requires_grad_();
  model->forward(normalize_cifar(images)).pow(2).sum().backward();
  EXPECT_GT(images.grad().abs().max().item<double>(), 0);
  for (const auto& item : model->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_GT(item.value().grad().abs().max().item<double>(), 0) << item.key();
  }
}

TEST(ResNetCifar, RefusesDepthsAndClassesThatItCannotHave) {
  for (const int depth : {-4, 0, 2, 7, 18, 21, 1208}) {
    EXPECT_TRUE(contains(error_of([&] { ResNetCifar{depth}; }), concat("got ", depth)));
  }
  EXPECT_TRUE(contains(error_of([] { ResNetCifar(20, 1); }), "2 or more classes, got 1"));
}

TEST(ResNetCifar, RefusesOtherInputs) {
  ResNetCifar model(8);
  const auto refusal = [&](const at::Tensor& x) { return error_of([&] { model->forward(x); }); };
  EXPECT_TRUE(contains(refusal(at::rand({1, 3, 28, 28})),
                       "images: expected Float [*, 3, 32, 32], got Float [1, 3, 28, 28]"));
  EXPECT_TRUE(contains(refusal(at::rand({3, 32, 32})), "got Float [3, 32, 32]"));
  EXPECT_TRUE(contains(refusal(at::rand({0, 3, 32, 32})), "got Float [0, 3, 32, 32]"));
  EXPECT_TRUE(contains(refusal(at::rand({1, 3, 32, 32}, at::kDouble)), "got Double"));
  EXPECT_TRUE(contains(refusal({}), "undefined"));
}

TEST(NormalizeCifar, ScalesBytesAndTakesFloatsAsTheyAre) {
  const at::Tensor bytes = at::randint(0, 256, {2, 3, 32, 32}, at::kByte);
  const at::Tensor from_bytes = normalize_cifar(bytes);
  EXPECT_EQ(from_bytes.scalar_type(), at::kFloat);
  const double mean[] = {.485, .456, .406};
  const double deviation[] = {.229, .224, .225};
  for (int c = 0; c < 3; ++c) {
    const at::Tensor expected = (bytes.select(1, c).to(at::kDouble) / 255 - mean[c]) / deviation[c];
    EXPECT_LT(max_difference(from_bytes.select(1, c), expected), 1e-6) << c;
  }
  EXPECT_EQ(max_difference(normalize_cifar(bytes.to(at::kFloat) / 255), from_bytes), 0);
}

TEST(NormalizeCifar, RefusesOtherInputs) {
  EXPECT_TRUE(contains(error_of([] { normalize_cifar(at::rand({1, 3, 32, 32}, at::kDouble)); }),
                       "expected Float"));
  EXPECT_TRUE(contains(error_of([] { normalize_cifar(at::zeros({1, 3, 32, 31}, at::kByte)); }),
                       "got Byte [1, 3, 32, 31]"));
  EXPECT_TRUE(contains(error_of([] { normalize_cifar({}); }), "undefined"));
}

}  // namespace
}  // namespace hadal::models
