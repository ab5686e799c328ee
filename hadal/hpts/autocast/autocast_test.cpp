#include "hadal/hpts/autocast/autocast.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/core/memory.h"
#include "hadal/hpts/autocast/testing.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace hadal::hpts {
namespace {

using testing::expect_near;
using testing::plan_of;
using testing::relative_error;
using testing::step_in;
using testing::step_of;

constexpr Precision kFp32 = Precision::fp32;
constexpr Precision kBf16 = Precision::bf16;

using Conv = torch::nn::Conv2dOptions;

TEST(Autocast, EachLayerFollowsItsOwnPlan) {
  torch::nn::Sequential net(torch::nn::Linear(64, 64), torch::nn::Linear(64, 64));
  PrecisionPlan plan = plan_of(kBf16, SavedFormat::exact);
  plan.layers["1"] = {kFp32, SavedFormat::exact};
  const Autocast autocast(*net, plan);
  const at::Tensor first = net[0]->as<torch::nn::Linear>()->forward(at::randn({32, 64}));
  EXPECT_EQ(first.scalar_type(), at::kBFloat16);
  EXPECT_EQ(net[1]->as<torch::nn::Linear>()->forward(first).scalar_type(), at::kFloat);
  EXPECT_EQ(at::matmul(first, first.t()).scalar_type(), at::kBFloat16);
}

TEST(Autocast, RefusesPlansOfLayersThatAreNotThere) {
  torch::nn::Sequential net(torch::nn::Linear(4, 4), torch::nn::ReLU());
  for (const char* name : {"2", "fc", "1"}) {
    PrecisionPlan plan;
    plan.layers[name] = {};
    try {
      const Autocast autocast(*net, plan);
      ADD_FAILURE() << name << " was taken";
    } catch (const InvalidArgument& error) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
    }
  }
  PrecisionPlan plan;
  plan.layers["0"] = {};
  EXPECT_NO_THROW(Autocast(*net, plan));
}

TEST(Autocast, SaysOnceThatFp16IsBf16) {
  std::vector<std::string> said;
  set_log_sink([&](LogLevel, std::string_view message) { said.emplace_back(message); });
  torch::nn::Linear linear(8, 8);
  for (int i = 0; i < 2; ++i) {
    const Autocast autocast(*linear, plan_of(Precision::fp16, SavedFormat::exact));
    EXPECT_EQ(linear->forward(at::randn({4, 8})).scalar_type(), at::kBFloat16);
  }
  set_log_sink({});
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("fp16"), std::string::npos);
}

TEST(Autocast, EndsWithItsScopeEvenByAnException) {
  torch::nn::Linear linear(64, 64);
  const at::Tensor x = at::randn({32, 64});
  try {
    const Autocast autocast(*linear, plan_of(kBf16, SavedFormat::int8_blocks));
    throw std::runtime_error("out");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(linear->forward(x).scalar_type(), at::kFloat);
  const at::Tensor input = x.clone().requires_grad_();
  const MemoryMeter memory;
  const at::Tensor y = at::silu(input);  // saves its input, no copy of it
  EXPECT_EQ(memory.current_bytes(), static_cast<std::int64_t>(y.nbytes()));
}

TEST(Autocast, ScopesNestAndTheInnerOneCounts) {
  torch::nn::Linear linear(8, 8);
  const at::Tensor x = at::randn({4, 8});
  const Autocast outer(*linear, plan_of(kBf16, SavedFormat::exact));
  {
    const Autocast inner(*linear, plan_of(kFp32, SavedFormat::exact));
    EXPECT_EQ(linear->forward(x).scalar_type(), at::kFloat);
  }
  EXPECT_EQ(linear->forward(x).scalar_type(), at::kBFloat16);
}

TEST(Autocast, KeepsNothingWhereNothingNeedsAGradient) {
  torch::nn::Sequential net(torch::nn::Conv2d(Conv(8, 8, 3)), torch::nn::BatchNorm2d(8),
                            torch::nn::ReLU());
  const Autocast autocast(*net, plan_of(kBf16, SavedFormat::int8_blocks));
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::randn({4, 8, 40, 40});
  const MemoryMeter memory;
  const at::Tensor y = net->forward(x);
  EXPECT_EQ(memory.current_bytes(), static_cast<std::int64_t>(y.nbytes()));
}

TEST(Autocast, LeavesFrozenParametersWithoutGradients) {
  torch::nn::Sequential net(torch::nn::Linear(64, 64), torch::nn::ReLU(),
                            torch::nn::Linear(64, 64));
  const auto parameters = net->parameters();
  parameters[0].set_requires_grad(false);
  parameters[3].set_requires_grad(false);
  const at::Tensor x = at::randn({32, 64});
  const auto expected = step_of(net, x);
  const auto got = step_in(plan_of(kFp32, SavedFormat::exact), net, x);
  EXPECT_FALSE(got[0].defined());
  EXPECT_FALSE(got[3].defined());
  for (const std::size_t i : {1, 2, 4}) EXPECT_LT(relative_error(got[i], expected[i]), 1e-5);
}

TEST(Autocast, AddsUpWhereAModuleIsUsedTwice) {
  torch::nn::Linear linear(64, 64);
  const at::Tensor x = at::randn({32, 64});
  const auto run = [&] {
    linear->zero_grad();
    at::relu(linear->forward(at::relu(linear->forward(x)))).sum().backward();
    return linear->weight.grad().clone();
  };
  const at::Tensor expected = run();
  const Autocast autocast(*linear, plan_of(kFp32, SavedFormat::int8_blocks));
  EXPECT_LT(relative_error(run(), expected), 0.01);
}

TEST(Autocast, TakesInputsThatAreEmptyOrNotContiguous) {
  torch::nn::Sequential net(torch::nn::Conv2d(Conv(6, 8, 3).bias(false)), torch::nn::BatchNorm2d(8),
                            torch::nn::ReLU());
  const at::Tensor x = at::randn({4, 20, 20, 6}).permute({0, 3, 1, 2}).slice(2, 0, 20, 2);
  const auto expected = step_of(net, x);
  expect_near(step_in(plan_of(kFp32, SavedFormat::exact), net, x), expected, 1e-4);
  torch::nn::Linear linear(8, 4);
  const auto empty = step_in(plan_of(kBf16, SavedFormat::int8_blocks), linear, at::zeros({0, 8}));
  EXPECT_EQ(empty.back().numel(), 0);
  EXPECT_EQ(empty.front().abs().sum().item<double>(), 0);
}

TEST(Autocast, RefusesAWeightThatWasWrittenToBeforeTheBackward) {
  torch::nn::Linear linear(64, 64);
  const at::Tensor x = at::randn({32, 64}).requires_grad_();
  const at::Tensor y = [&] {
    const Autocast autocast(*linear, plan_of(kBf16, SavedFormat::exact));
    return linear->forward(x).sum();
  }();
  {
    const at::NoGradGuard no_grad;
    linear->weight.mul_(2);
  }
  EXPECT_THROW(y.backward(), InvalidArgument);
}

}  // namespace
}  // namespace hadal::hpts
