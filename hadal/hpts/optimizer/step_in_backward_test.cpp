#include "hadal/hpts/optimizer/step_in_backward.h"

#include "hadal/core/error.h"
#include "hadal/core/memory.h"
#include "hadal/hpts/optimizer/gradients.h"
#include "hadal/hpts/optimizer/test_support.h"

#include <memory>

#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using testing::leaf;
using testing::same_bytes;

constexpr std::int64_t kSize = 256;
constexpr int kLayers = 8;

/// Layers of one matrix each, the first used twice, as tied weights are.
struct Net {
  std::vector<at::Tensor> weights;

  Net() {
    at::manual_seed(11);
    for (int i = 0; i < kLayers; ++i) weights.push_back(leaf(at::randn({kSize, kSize}) / 16));
  }
  at::Tensor loss() const {
    at::Tensor x = at::ones({4, kSize});
    for (const auto& weight : weights) x = at::tanh(x.matmul(weight));
    return x.matmul(weights.front()).square().mean();
  }
  std::vector<ParameterGroup> groups() const {
    ParameterGroup group{{}, 0.01, 0.1};
    for (std::size_t i = 0; i < weights.size(); ++i) {
      group.parameters.push_back({"weight" + std::to_string(i), weights[i]});
    }
    return {group};
  }
};

TEST(StepInBackward, MovesAsStepsAfterTheBackwardDoBitForBit) {
  for (const auto& kind : testing::kinds()) {
    if (kind.weights != at::kFloat) continue;
    const Net net, other;
    Optimizer optimizer(net.groups(), kind.rule, {.state = kind.format});
    Optimizer after(other.groups(), kind.rule, {.state = kind.format});
    const StepInBackward in_backward(optimizer);
    for (int step = 0; step < 3; ++step) {
      optimizer.set_learning_rate(0.01 / (1 + step));
      after.set_learning_rate(0.01 / (1 + step));
      net.loss().backward();
      other.loss().backward();
      after.step();
      after.zero_grad();
    }
    for (std::size_t i = 0; i < net.weights.size(); ++i) {
      EXPECT_TRUE(same_bytes(net.weights[i], other.weights[i])) << kind.name << " " << i;
      EXPECT_FALSE(net.weights[i].grad().defined());
    }
  }
}

/// The peak of a backward above what was held before.
std::int64_t peak_of_backward(bool in_backward) {
  const Net net;
  Optimizer optimizer(net.groups(), Sgd{.momentum = 0.9});
  const auto takes_over = in_backward ? std::make_unique<StepInBackward>(optimizer) : nullptr;
  const at::Tensor loss = net.loss();
  const MemoryMeter meter;
  loss.backward();
  return meter.peak_bytes();
}

TEST(StepInBackward, NeverHoldsAllGradients) {
  constexpr std::int64_t kMatrix = kSize * kSize * 4;
  EXPECT_GE(peak_of_backward(false), kLayers * kMatrix);
  // The gradient at hand, and that of the first layer, of which half is there from the start.
  EXPECT_LE(peak_of_backward(true), 4 * kMatrix);
}

TEST(StepInBackward, RefusesWhatNeedsAllGradientsUntilItEnds) {
  const Net net;
  Optimizer optimizer(net.groups(), Sgd{});
  {
    const StepInBackward in_backward(optimizer);
    const auto refuses = [](const auto& action) {
      return error_of<InvalidArgument>(action).find("moved in backward") != std::string::npos;
    };
    EXPECT_TRUE(refuses([&] { optimizer.step(); }));
    EXPECT_TRUE(refuses([&] { clip_gradient_norm(optimizer.parameters(), 1); }));
    EXPECT_TRUE(refuses([&] { clip_gradient_value(optimizer.parameters(), 1); }));
    EXPECT_THROW(StepInBackward{optimizer}, InvalidArgument);
  }
  net.loss().backward();
  EXPECT_TRUE(net.weights[0].grad().defined());
  EXPECT_THROW(StepInBackward{optimizer}, InvalidArgument);
  clip_gradient_norm(optimizer.parameters(), 1);
  optimizer.step();
}

TEST(StepInBackward, RefusesParametersWithoutGradients) {
  Optimizer optimizer({{{{"frozen", at::zeros({2})}}}}, Sgd{});
  EXPECT_NE(
      error_of<InvalidArgument>([&] { StepInBackward{optimizer}; }).find("\"frozen\" needs no"),
      std::string::npos);
}

}  // namespace
}  // namespace hadal::hpts
