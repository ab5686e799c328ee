#include "hadal/hpts/checkpointing/checkpoint.h"

#include "hadal/core/error.h"
#include "hadal/core/memory.h"
#include "hadal/hpts/autocast/testing.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

namespace hadal::hpts {
namespace {

using testing::gradients_of;
using testing::plan_of;

torch::nn::Sequential make_net() {
  at::manual_seed(1);
  return torch::nn::Sequential(
      torch::nn::Conv2d(torch::nn::Conv2dOptions(4, 8, 3).padding(1)), torch::nn::BatchNorm2d(8),
      torch::nn::ReLU(), torch::nn::Dropout(0.3),
      torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 4, 3).padding(1)), torch::nn::Tanh());
}

using Forward = std::function<at::Tensor(torch::nn::Sequential&, const at::Tensor&)>;

at::Tensor plainly(torch::nn::Sequential& net, const at::Tensor& x) { return net->forward(x); }
at::Tensor checkpointed(torch::nn::Sequential& net, const at::Tensor& x) {
  return checkpoint_module(net, x);
}
at::Tensor nested(torch::nn::Sequential& net, const at::Tensor& x) {
  return checkpoint(
      [net](const std::vector<at::Tensor>& inputs) -> std::vector<at::Tensor> {
        return {checkpoint_module(net, inputs[0] * 1)};
      },
      {x}, net->buffers())[0];
}

/// Everything that two steps give: gradients, buffers, and the next random number.
std::vector<at::Tensor> train(const Forward& forward) {
  torch::nn::Sequential net = make_net();
  at::manual_seed(9);
  std::vector<at::Tensor> result;
  for (int step = 0; step < 2; ++step) {
    const at::Tensor x = at::randn({3, 4, 10, 10}).requires_grad_();
    const at::Tensor loss = forward(net, x).pow(2).sum();
    result.push_back(loss.detach());
    loss.backward();
    result.push_back(x.grad());
  }
  for (const auto& grad : gradients_of(*net)) result.push_back(grad);
  for (const auto& buffer : net->buffers()) result.push_back(buffer);
  result.push_back(at::randn({4}));
  return result;
}

void expect_same(const std::vector<at::Tensor>& got, const std::vector<at::Tensor>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(at::equal(got[i], expected[i])) << i;
}

TEST(Checkpoint, GivesThePlainGradientsBitForBit) {
  const auto expected = train(plainly);
  expect_same(train(checkpointed), expected);
  expect_same(train(nested), expected);
}

TEST(Checkpoint, ComputesAgainUnderTheSameAutocast) {
  for (const auto& plan : {plan_of(Precision::bf16, SavedFormat::exact),
                           plan_of(Precision::fp32, SavedFormat::exact)}) {
    const auto within = [&](const Forward& forward) {
      return [&plan, forward](torch::nn::Sequential& net, const at::Tensor& x) {
        const Autocast autocast(*net, plan);
        return forward(net, x);
      };
    };
    expect_same(train(within(checkpointed)), train(within(plainly)));
  }
}

TEST(Checkpoint, KeepsOnlyItsInputs) {
  torch::nn::Sequential net = make_net();
  const at::Tensor x = at::randn({3, 4, 40, 40}).requires_grad_();
  const MemoryMeter memory;
  const at::Tensor y = checkpoint_module(net, x);
  constexpr std::int64_t kRandomState = 5056;
  EXPECT_EQ(memory.current_bytes(), static_cast<std::int64_t>(y.nbytes()) + kRandomState);
}

TEST(Checkpoint, TrainsParametersWhereNoInputNeedsAGradient) {
  torch::nn::Linear linear(3, 2);
  checkpoint_module(linear, at::randn({5, 3})).sum().backward();
  EXPECT_TRUE(linear->weight.grad().defined());
}

TEST(Checkpoint, TakesSeveralInputsAndOutputs) {
  const at::Tensor a = at::randn({4}).requires_grad_();
  const at::Tensor b = at::randn({4}).requires_grad_();
  const auto outputs = checkpoint(
      [](const std::vector<at::Tensor>& x) -> std::vector<at::Tensor> {
        return {x[0] * x[1], x[0], x[1].exp()};
      },
      {a, b});
  (outputs[0].sum() + 3 * outputs[1].sum()).backward();
  EXPECT_TRUE(at::equal(a.grad(), b + 3));
  EXPECT_TRUE(at::equal(b.grad(), a.detach()));
  EXPECT_TRUE(a.is_leaf());
}

TEST(Checkpoint, RefusesGradientsOfChosenTensorsAndOfGradients) {
  torch::nn::Linear linear(3, 2);
  const at::Tensor x = at::randn({5, 3}).requires_grad_();
  EXPECT_THROW(torch::autograd::grad({checkpoint_module(linear, x).sum()}, {x}), InvalidArgument);
  EXPECT_THROW(checkpoint_module(linear, x).sum().backward({}, true, /*create_graph=*/true),
               Unsupported);
}

TEST(Checkpoint, RefusesWhatHasNoGradient) {
  EXPECT_THROW(
      checkpoint([](const auto& x) { return std::vector{x[0].to(at::kLong)}; }, {at::randn({4})}),
      InvalidArgument);
}

TEST(Checkpoint, RunsPlainlyWithoutGradients) {
  torch::nn::Linear linear(3, 2);
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(checkpoint_module(linear, at::randn({5, 3})).requires_grad());
}

}  // namespace
}  // namespace hadal::hpts
