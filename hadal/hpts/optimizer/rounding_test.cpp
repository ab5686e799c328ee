// What rounding at random is for: values that are right in the mean, and steps that do not get
// lost.
#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/hpts/optimizer/test_support.h"

#include <cmath>

#include <ATen/ops/full.h>
#include <ATen/ops/logspace.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>

namespace hadal::hpts {
namespace {

using testing::leaf;
using testing::max_difference;

constexpr std::int64_t kMany = 1 << 16;

/// `value` in each of kMany elements, after one step of SGD by `rate` with the gradient 1.
at::Tensor step_of_bf16(float value, double rate, std::uint64_t seed = 0) {
  at::Tensor weight = leaf(at::full({kMany}, value, at::kBFloat16));
  Optimizer optimizer({{{{"weight", weight}}, rate, 0}}, Sgd{},
                      {.master_weights = false, .seed = seed});
  weight.mutable_grad() = at::ones({kMany}, at::kBFloat16);
  optimizer.step();
  return weight.detach().to(at::kDouble);
}

TEST(StochasticRounding, OfWeightsIsRightInTheMeanAndGivesOnlyTheNeighbours) {
  // bf16 between 1/2 and 1 has steps of 2^-8.
  for (const double share : {0.03, 0.25, 0.5, 0.77}) {
    const at::Tensor steps = (1 - step_of_bf16(1, share / 256)) * 256;
    EXPECT_EQ(((steps == 0) | (steps == 1)).all().item<bool>(), true);
    const double deviation = std::sqrt(share * (1 - share) / kMany);
    EXPECT_NEAR(steps.mean().item<double>(), share, 4 * deviation);
  }
}

TEST(StochasticRounding, IsIndependentBetweenElementsStepsAndSeeds) {
  const at::Tensor a = (1 - step_of_bf16(1, 0.5 / 256)) * 512 - 1;  // -1 or 1
  const at::Tensor b = (1 - step_of_bf16(1, 0.5 / 256, 1)) * 512 - 1;
  for (const std::int64_t lag : {1, 2, 16, 256}) {
    const auto correlation = (a.slice(0, lag) * a.slice(0, 0, kMany - lag)).mean().item<double>();
    EXPECT_LT(std::abs(correlation), 4.5 / 256) << lag;
  }
  EXPECT_LT(std::abs((a * b).mean().item<double>()), 4.5 / 256);
}

/// The mean of kMany weights after 256 steps of 2^-12 each, which is 15/16 in exact arithmetic.
double mean_of_small_steps(bool with_random_rounding) {
  at::Tensor weight = leaf(at::ones({1024}, at::kBFloat16));
  Optimizer optimizer({{{{"weight", weight}}, 1.0 / 4096, 0}}, Sgd{}, {.master_weights = false});
  for (int step = 0; step < 256; ++step) {
    if (with_random_rounding) {
      weight.mutable_grad() = at::ones({1024}, at::kBFloat16);
      optimizer.step();
    } else {
      const c10::NoGradGuard no_grad;
      weight.sub_(1.0 / 4096);
    }
  }
  return weight.detach().to(at::kDouble).mean().item<double>();
}

TEST(StochasticRounding, TakesStepsThatRoundingToNearestLoses) {
  EXPECT_EQ(mean_of_small_steps(false), 1);
  EXPECT_NEAR(mean_of_small_steps(true), 15.0 / 16, 0.002);
}

/// The mean second moment of Adam after 700 steps with the gradient 0, from 1 on: beta2^700 =
/// 0.496.
double mean_of_fading_squares(StateFormat format) {
  at::Tensor weight = leaf(at::zeros({4096}));
  Optimizer optimizer({{{{"weight", weight}}, 0, 0}}, Adam{}, {.state = format});
  const at::Tensor squares = at::logspace(-6, 0, 4096).reshape({64, 64}).t().reshape({4096});
  optimizer.load_state_of("weight", {{"step", at::zeros({}, at::kLong)},
                                     {"exp_avg", at::zeros({4096})},
                                     {"exp_avg_sq", squares}});
  for (int step = 0; step < 700; ++step) {
    weight.mutable_grad() = at::zeros({4096});
    optimizer.step();
  }
  Optimizer reader({{{{"weight", weight}}, 0, 0}}, Adam{});
  reader.load_state(optimizer.state());
  return (reader.state_of("weight").at("exp_avg_sq") / squares).mean().item<double>();
}

TEST(StochasticRounding, LetsTheSecondMomentFadeAsItShould) {
  const double expected = std::pow(0.999, 700);
  EXPECT_NEAR(mean_of_fading_squares(StateFormat::fp32), expected, 1e-4);
  EXPECT_NEAR(mean_of_fading_squares(StateFormat::bf16), expected, 0.01);
  // Its root is right in the mean, and its square hence a little above.
  EXPECT_NEAR(mean_of_fading_squares(StateFormat::int8), expected, 0.03);
  // Rounded to nearest, each step in bf16 would give back what it had.
  const at::Tensor one = at::ones({}, at::kBFloat16);
  EXPECT_EQ((one * 0.999).item<float>(), 1);
}

/// Means and squares through the 8-bit state, and back.
std::pair<at::Tensor, at::Tensor> through_int8(const at::Tensor& means, const at::Tensor& squares) {
  at::Tensor weight = leaf(at::zeros(means.sizes()));
  Optimizer codes({{{{"weight", weight}}}}, Adam{}, {.state = StateFormat::int8});
  Optimizer floats({{{{"weight", weight}}}}, Adam{});
  codes.load_state_of(
      "weight", {{"step", at::zeros({}, at::kLong)}, {"exp_avg", means}, {"exp_avg_sq", squares}});
  floats.load_state(codes.state());
  const auto state = floats.state_of("weight");
  return {state.at("exp_avg"), state.at("exp_avg_sq")};
}

TEST(Int8State, ErrsByLessThanItsStepsAtAllMagnitudes) {
  at::manual_seed(4);
  // Second moments over nine decades within each block.
  const at::Tensor roots = at::pow(10.0, 4.5 * (at::rand({5000}) - 1));
  const at::Tensor ratios = at::randn({5000}).clamp(-3, 3);
  for (const Isa level : available_isas()) {
    const ScopedIsa isa(level);
    const auto [means, squares] = through_int8(ratios * roots, roots.square());
    EXPECT_LT(max_difference(squares.sqrt() / roots, at::ones({5000})), 1 / 16.0 + 1e-5);
    // The first moment in units of the second's root: a step of 1/127 of the largest, which a root
    // that was rounded down makes larger.
    EXPECT_LT(max_difference(means / roots, ratios), 1.07 * 3.2 / 127) << name_of(level);
    EXPECT_NEAR((means / roots - ratios).mean().item<double>(), 0, 6e-4);
  }
}

TEST(Int8State, KeepsZerosAndNeverMakesASecondMomentZero) {
  at::Tensor squares = at::full({600}, 1e-30F);
  squares[0] = 1.0F;
  squares[300] = 0.0F;
  const auto [means, read] = through_int8(at::zeros({600}), squares);
  EXPECT_EQ(max_difference(means, at::zeros({600})), 0);
  EXPECT_EQ(read[300].item<float>(), 0);
  EXPECT_NEAR(read[0].item<float>(), 1, 1e-6);
  EXPECT_GT(read.slice(0, 1, 300).min().item<float>(), 0);
}

TEST(Int8State, HoldsTheFirstMomentOfSgdToAStepOfTheLargest) {
  at::manual_seed(5);
  const at::Tensor means = at::randn({1000});
  at::Tensor weight = leaf(at::zeros({1000}));
  const Sgd sgd{.momentum = 0.9};
  Optimizer codes({{{{"weight", weight}}}}, sgd, {.state = StateFormat::int8});
  Optimizer floats({{{{"weight", weight}}}}, sgd);
  codes.load_state_of("weight", {{"step", at::zeros({}, at::kLong)}, {"momentum", means}});
  floats.load_state(codes.state());
  EXPECT_LT(max_difference(floats.state_of("weight").at("momentum"), means),
            means.abs().max().item<double>() / 127 + 1e-6);
}

}  // namespace
}  // namespace hadal::hpts
