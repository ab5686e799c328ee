#include "hadal/core/memory.h"
#include "hadal/hpts/autocast/testing.h"
#include "hadal/models/decoder_lm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace hadal::hpts {
namespace {

using testing::expect_near;
using testing::gradients_of;
using testing::plan_of;
using testing::step_in;
using testing::step_of;

constexpr Precision kFp32 = Precision::fp32;
constexpr Precision kBf16 = Precision::bf16;

using Conv = torch::nn::Conv2dOptions;

class AutocastConv : public ::testing::TestWithParam<Conv> {};

TEST_P(AutocastConv, IsThatOfAten) {
  at::manual_seed(2);
  torch::nn::Conv2d conv(GetParam());
  const std::int64_t channels = GetParam().in_channels();
  for (const auto& sizes : {std::vector<std::int64_t>{3, channels, 9, 11}, {1, channels, 5, 5}}) {
    const at::Tensor x = at::randn(sizes);
    const auto expected = step_of(conv, x);
    expect_near(step_in(plan_of(kFp32, SavedFormat::exact), conv, x), expected, 1e-5);
    expect_near(step_in(plan_of(kFp32, SavedFormat::int8_blocks), conv, x), expected, 0.015);
    expect_near(step_in(plan_of(kFp32, SavedFormat::bf16), conv, x), expected, 0.005);
    expect_near(step_in(plan_of(kBf16, SavedFormat::exact), conv, x), expected, 0.02);
    const auto got = step_in(plan_of(kBf16, SavedFormat::int8_blocks), conv, x);
    expect_near(got, expected, 0.03);
    EXPECT_EQ(got.back().scalar_type(), at::kBFloat16);
    EXPECT_EQ(got.front().scalar_type(), at::kFloat);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, AutocastConv,
                         ::testing::Values(Conv(16, 24, 3).padding(1), Conv(13, 7, 1),
                                           Conv(16, 16, 3).groups(4).stride(2),
                                           Conv(12, 12, 3).groups(12).padding(1),
                                           Conv(8, 6, 3).dilation(2).padding(2).bias(false),
                                           Conv(32, 16, 5).padding(torch::kSame)));

TEST(Autocast, LinearLayersAreThoseOfAten) {
  torch::nn::Linear linear(96, 40);
  for (const auto& sizes : {std::vector<std::int64_t>{64, 96}, {4, 16, 96}}) {
    const at::Tensor x = at::randn(sizes);
    const auto expected = step_of(linear, x);
    expect_near(step_in(plan_of(kFp32, SavedFormat::exact), linear, x), expected, 1e-5);
    expect_near(step_in(plan_of(kFp32, SavedFormat::int8_blocks), linear, x), expected, 0.015);
    const auto got = step_in(plan_of(kBf16, SavedFormat::exact), linear, x);
    expect_near(got, expected, 0.02);
    EXPECT_EQ(got.back().scalar_type(), at::kBFloat16);
    EXPECT_EQ(got.front().scalar_type(), at::kFloat);
  }
}

/// Bytes that remain of a forward pass, less its output.
template <class Module>
std::int64_t kept_bytes(Module& module, const at::Tensor& x, const PrecisionPlan& plan,
                        const AutocastOptions& options = {}) {
  const MemoryMeter memory;
  const at::Tensor y = [&] {
    const Autocast autocast(*module, plan, options);
    return module->forward(x);
  }();
  return memory.current_bytes() - static_cast<std::int64_t>(y.nbytes());
}

std::int64_t blocks_of(std::int64_t values) { return values + 8 * ((values + 255) / 256); }

// Two convolutions with a norm and a ReLU between them, per value: the first's input x and output
// y in blocks, a bit for the ReLU, and nothing for the second's input, which comes from y.
TEST(Autocast, KeepsAByteAValueOfConvolutionNormAndRelu) {
  torch::nn::Sequential net(torch::nn::Conv2d(Conv(16, 32, 1).bias(false)),
                            torch::nn::BatchNorm2d(32), torch::nn::ReLU(),
                            torch::nn::Conv2d(Conv(32, 8, 1).bias(false)));
  const at::Tensor x =
      at::randn({4, 16, 32, 32}).to(at::kBFloat16, false, false, at::MemoryFormat::ChannelsLast);
  const std::int64_t pixels = 4 * 32 * 32;
  const std::int64_t small = 4096;  // the norm's statistics, and weights below 4 KB
  const auto int8 = plan_of(kBf16, SavedFormat::int8_blocks);
  const std::int64_t expected = blocks_of(pixels * 16) + blocks_of(pixels * 32) + pixels * 32 / 8;
  EXPECT_NEAR(kept_bytes(net, x, int8), expected, small);
  EXPECT_NEAR(kept_bytes(net, x, int8, {.recompute_norms = false}),
              expected + blocks_of(pixels * 32), small);
  EXPECT_NEAR(kept_bytes(net, x, plan_of(kBf16, SavedFormat::exact)), pixels * (32 * 2 + 32 / 8),
              small);
}

TEST(Autocast, KeepsATensorOnceHoweverManySaveIt) {
  torch::nn::Sequential net(torch::nn::Linear(64, 64), torch::nn::Linear(64, 64));
  const at::Tensor x = at::randn({256, 64}).requires_grad_();
  const MemoryMeter memory;
  std::vector<at::Tensor> y;
  {
    const Autocast autocast(*net, plan_of(kBf16, SavedFormat::int8_blocks));
    for (std::size_t i : {0, 1, 0}) y.push_back(net[i]->as<torch::nn::Linear>()->forward(x));
    y.push_back(at::silu(x.view({64, 256})));
  }
  std::int64_t outputs = 0;
  for (const auto& output : y) outputs += static_cast<std::int64_t>(output.nbytes());
  EXPECT_EQ(memory.current_bytes() - outputs, blocks_of(256 * 64));
}

TEST(Autocast, TellsPartsOfATensorAndItsLaterValuesApart) {
  torch::nn::Linear linear(1, 1);
  const at::Tensor x = at::randn({4000}).requires_grad_();
  {
    const Autocast autocast(*linear, plan_of(kFp32, SavedFormat::int8_blocks));
    at::Tensor y = x * 1;
    at::Tensor sum = y.narrow(0, 0, 2000).sin() + y.narrow(0, 2000, 2000).sin();
    y.mul_(2);
    sum = sum + y.narrow(0, 0, 2000).sin() + y.narrow(0, 2000, 2000).sin();
    sum.sum().backward();
  }
  const at::Tensor exact = x.detach().cos() + 2 * (2 * x.detach()).cos();
  EXPECT_LT(testing::relative_error(x.grad(), exact), 0.02);
}

TEST(Autocast, TrainsALanguageModel) {
  models::DecoderLm model(models::DecoderLmOptions{.vocabulary = 50,
                                                   .dim = 64,
                                                   .layers = 2,
                                                   .heads = 4,
                                                   .kv_heads = 2,
                                                   .hidden = 96,
                                                   .context = 64});
  const at::Tensor ids = at::randint(50, {4, 64}, at::kLong);
  const auto run = [&] {
    model->zero_grad();
    const at::Tensor loss =
        at::cross_entropy_loss(model->forward(ids).flatten(0, 1), ids.roll(1, 1).flatten());
    loss.backward();
    std::vector<at::Tensor> result = gradients_of(*model);
    result.push_back(loss.detach());
    return result;
  };
  const auto expected = run();
  for (const auto& [plan, tolerance] : {std::pair{plan_of(kFp32, SavedFormat::exact), 1e-4},
                                        std::pair{plan_of(kFp32, SavedFormat::int8_blocks), 0.05},
                                        std::pair{plan_of(kBf16, SavedFormat::int8_blocks), 0.1}}) {
    const Autocast autocast(*model, plan);
    expect_near(run(), expected, tolerance);
  }
}

}  // namespace
}  // namespace hadal::hpts
