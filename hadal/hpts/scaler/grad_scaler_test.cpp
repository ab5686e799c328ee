#include "hadal/hpts/scaler/grad_scaler.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/hpts/optimizer/gradients.h"
#include "hadal/hpts/optimizer/optimizer.h"
#include "hadal/hpts/optimizer/step_in_backward.h"
#include "hadal/hpts/optimizer/test_support.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <functional>
#include <limits>

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using testing::leaf;
using testing::max_difference;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

const SafetensorsReader& recorded() {
  static const SafetensorsReader reader(
      hadal::testing::source_path("hadal/hpts/scaler/testdata/grad_scaler.safetensors"));
  return reader;
}

at::Tensor row(const char* name, std::int64_t step) { return recorded().tensor(name)[step]; }

/// What make_golden.py does, with optimizers of any library.
template <class First, class Second>
void follow_golden(at::Tensor a, at::Tensor b, First& sgd, Second& adamw) {
  GradScaler scaler(
      {.initial_scale = 1000, .growth_factor = 3, .backoff_factor = 0.3, .growth_interval = 4});
  for (std::int64_t step = 0; step < recorded().tensor("x").size(0); ++step) {
    a.mutable_grad() = b.mutable_grad() = at::Tensor();
    const at::Tensor loss = (a * row("x", step)).sum() + (b * row("y", step)).sum();
    scaler.scale(loss).backward();
    if (step % 3 == 0) {
      scaler.unscale(sgd);
      clip_gradient_norm({a}, 1, NonFinite::leave);
    }
    scaler.step(sgd);
    scaler.step(adamw);
    step == 25 ? scaler.update(77) : scaler.update();
    ASSERT_EQ(static_cast<float>(scaler.current_scale()), row("scale", step).item<float>()) << step;
    ASSERT_EQ(scaler.growth_tracker(), row("tracker", step).item<std::int64_t>()) << step;
    ASSERT_LT(max_difference(a, row("a", step)), 2e-6) << step;
    ASSERT_LT(max_difference(b, row("b", step)), 2e-6) << step;
  }
}

TEST(GradScaler, FollowsTheTrajectoryOfTorchWithOurOptimizers) {
  const at::Tensor a = leaf(recorded().tensor("start.a")), b = leaf(recorded().tensor("start.b"));
  Optimizer sgd({{{{"a", a}}, 0.1, 0}}, Sgd{.momentum = 0.9});
  Optimizer adamw({{{{"b", b}}, 0.01, 0.01}}, AdamW{});
  follow_golden(a, b, sgd, adamw);
}

TEST(GradScaler, FollowsTheTrajectoryOfTorchWithThoseOfTorch) {
  const at::Tensor a = leaf(recorded().tensor("start.a")), b = leaf(recorded().tensor("start.b"));
  torch::optim::SGD sgd({a}, torch::optim::SGDOptions(0.1).momentum(0.9));
  torch::optim::AdamW adamw({b}, torch::optim::AdamWOptions(0.01).weight_decay(0.01));
  follow_golden(a, b, sgd, adamw);
}

/// The place of the first call that throws, or -1. The calls are those of make_golden.py.
std::int64_t first_to_throw(const std::int8_t* calls) {
  const at::Tensor weight = leaf(at::ones({2}));
  Optimizer optimizer({{{{"weight", weight}}}}, Sgd{});
  GradScaler scaler;
  for (std::int64_t place = 0; place < 5; ++place) {
    try {
      switch (calls[place]) {
        case 1:
          scaler.unscale(optimizer);
          break;
        case 2:
          scaler.step(optimizer);
          break;
        case 3:
          scaler.update();
          break;
        case 4:
          scaler.scale(weight.sum()).backward();
          break;
        default:
          break;
      }
    } catch (const InvalidArgument&) {
      return place;
    }
  }
  return -1;
}

TEST(GradScaler, RefusesTheCallsThatTorchRefusesInEachOrder) {
  const at::Tensor orders = recorded().tensor("order");
  for (std::int64_t i = 0; i < orders.size(0); ++i) {
    const auto* row = orders.const_data_ptr<std::int8_t>() + 6 * i;
    ASSERT_EQ(first_to_throw(row), row[5])
        << int{row[0]} << int{row[1]} << int{row[2]} << int{row[3]} << int{row[4]};
  }
}

TEST(GradScaler, SkipsTheStepOfTheOptimizerThatMetAnInfinityAlone) {
  at::Tensor a = leaf(at::ones({300})), b = leaf(at::ones({2}));
  Optimizer first({{{{"a", a}}}}, Sgd{}), second({{{{"b", b}}}}, Sgd{});
  GradScaler scaler({.initial_scale = 4});
  scaler.scale(a.sum() + b.sum()).backward();
  a.mutable_grad()[299] = -kInfinity;
  EXPECT_FALSE(scaler.step(first));
  EXPECT_TRUE(scaler.step(second));
  EXPECT_EQ(b.grad()[0].item<float>(), 1);
  scaler.update();
  EXPECT_EQ(scaler.current_scale(), 2);
  EXPECT_EQ(a[0].item<float>(), 1);
  EXPECT_LT(b[0].item<float>(), 1);
}

TEST(GradScaler, SharesWhatItFoundBetweenRanks) {
  at::Tensor a = leaf(at::ones({2}));
  Optimizer optimizer({{{{"a", a}}}}, Sgd{});
  GradScaler scaler;
  EXPECT_THROW(scaler.found_inf(optimizer), InvalidArgument);
  scaler.scale(a.sum()).backward();
  scaler.unscale(optimizer);
  EXPECT_EQ(scaler.found_inf(optimizer).item<float>(), 0);
  scaler.found_inf(optimizer).fill_(1);  // as an all-reduce does
  EXPECT_FALSE(scaler.step(optimizer));
  scaler.update();
  EXPECT_EQ(scaler.current_scale(), 32768);
}

TEST(GradScaler, ScalesALossOfHalfPrecisionWithoutOverflow) {
  GradScaler scaler;
  EXPECT_EQ(scaler.scale(at::scalar_tensor(8, at::kHalf)).item<float>(), 8 * 65536);
}

TEST(GradScaler, DoesNothingWhereItIsOff) {
  at::Tensor a = leaf(at::ones({2}));
  Optimizer optimizer({{{{"a", a}}, 1, 0}}, Sgd{});
  GradScaler scaler({.enabled = false});
  scaler.scale(a.sum()).backward();
  scaler.unscale(optimizer);
  EXPECT_TRUE(scaler.step(optimizer));
  scaler.update();
  EXPECT_EQ(a[0].item<float>(), 0);
}

TEST(GradScaler, GoesOnFromItsState) {
  at::Tensor a = leaf(at::ones({2}));
  Optimizer optimizer({{{{"a", a}}}}, Sgd{});
  const auto iterate = [&](GradScaler& scaler) {
    scaler.scale(a.sum()).backward();
    scaler.step(optimizer);
    scaler.update();
  };
  GradScaler scaler({.initial_scale = 6, .growth_interval = 3}), other({.growth_interval = 3});
  iterate(scaler);
  iterate(scaler);
  other.load_state(scaler.state());
  EXPECT_EQ(other.current_scale(), 6);
  iterate(other);
  EXPECT_EQ(other.current_scale(), 12);
  EXPECT_EQ(other.growth_tracker(), 0);
}

TEST(GradScaler, RefusesStatesAndOptionsOutOfRange) {
  GradScaler scaler;
  const auto state = [](float scale, std::int64_t tracker) {
    return std::map<std::string, at::Tensor>{
        {"scale", at::scalar_tensor(scale)},
        {"growth_tracker", at::scalar_tensor(tracker, at::kLong)}};
  };
  EXPECT_THROW(scaler.load_state({}), InvalidArgument);
  EXPECT_THROW(scaler.load_state(state(0, 0)), InvalidArgument);
  EXPECT_THROW(scaler.load_state(state(kInfinity, 0)), InvalidArgument);
  EXPECT_THROW(scaler.load_state(state(1, -1)), InvalidArgument);
  auto odd = state(1, 0);
  odd["growth"] = at::zeros({});
  EXPECT_NE(
      error_of<InvalidArgument>([&] { scaler.load_state(odd); }).find("got growth, growth_tr"),
      std::string::npos);
  EXPECT_EQ(scaler.current_scale(), 65536);
  EXPECT_THROW(GradScaler({.initial_scale = -1}), InvalidArgument);
  EXPECT_THROW(GradScaler({.growth_factor = 1}), InvalidArgument);
  EXPECT_THROW(GradScaler({.backoff_factor = 1}), InvalidArgument);
  EXPECT_THROW(GradScaler({.growth_interval = 0}), InvalidArgument);
}

TEST(GradScaler, RefusesGradientsOfHalfAndSteppingInBackward) {
  at::Tensor half = leaf(at::ones({2}, at::kHalf)), a = leaf(at::ones({2}));
  torch::optim::SGD of_half({half}, torch::optim::SGDOptions(0.1));
  GradScaler scaler;
  scaler.scale(at::ones({}));
  half.mutable_grad() = at::ones({2}, at::kHalf);
  EXPECT_THROW(scaler.step(of_half), InvalidArgument);
  Optimizer optimizer({{{{"a", a}}}}, Sgd{});
  const StepInBackward in_backward(optimizer);
  EXPECT_NE(error_of<InvalidArgument>([&] { scaler.unscale(optimizer); }).find("moved in backward"),
            std::string::npos);
}

}  // namespace
}  // namespace hadal::hpts
