#include "hadal/msp/attack/hyperplane.h"

#include "hadal/msp/attack/ball.h"
#include "hadal/msp/attack/test_support.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::msp {
namespace {

constexpr double kLow = 0, kHigh = 1;

struct Case {
  at::Tensor points, weights, offsets;
};

Case random_case(double shift) {
  at::manual_seed(8);
  const at::Tensor x = at::rand({60, 30}, at::kDouble);
  const at::Tensor w = at::randn({60, 30}, at::kDouble);
  return {x, w, (w * x).sum(1) + at::randn({60}, at::kDouble) * shift};
}

/// The least epsilon of a ball within the range that meets the hyperplane, by bisection: the point
/// of the ball that goes furthest towards it is known in closed form for linf and l1, and for l2
/// the multiplier is bisected instead.
double linf_oracle(const at::Tensor& x, const at::Tensor& w, double gap) {
  double below = 0, above = 1;
  for (int i = 0; i < 60; ++i) {
    const double epsilon = (below + above) / 2;
    const at::Tensor furthest = (x + w.sign() * epsilon).clamp(kLow, kHigh);
    ((w * (furthest - x)).sum().item<double>() >= gap ? above : below) = epsilon;
  }
  return above;
}

double l2_oracle(const at::Tensor& x, const at::Tensor& w, double gap) {
  double below = 0, above = 1e6;
  for (int i = 0; i < 200; ++i) {
    const double multiplier = (below + above) / 2;
    const at::Tensor furthest = (x + w * multiplier).clamp(kLow, kHigh);
    ((w * (furthest - x)).sum().item<double>() >= gap ? above : below) = multiplier;
  }
  return ((x + w * above).clamp(kLow, kHigh) - x).norm().item<double>();
}

TEST(StepToHyperplane, MeetsItWithTheLeastNorm) {
  const Case c = random_case(1);
  const at::Tensor gaps = c.offsets - (c.weights * c.points).sum(1);
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const at::Tensor step = step_to_hyperplane(norm, c.points, c.weights, c.offsets, kLow, kHigh);
    const at::Tensor there = c.points + step;
    EXPECT_LT(((c.weights * there).sum(1) - c.offsets).abs().max().item<double>(), 1e-10);
    EXPECT_GE(there.min().item<double>(), kLow - 1e-15);
    EXPECT_LE(there.max().item<double>(), kHigh + 1e-15);
    const at::Tensor lengths = norm_of(norm, step);
    for (std::int64_t i = 0; i < 60; ++i) {
      const double gap = gaps[i].item<double>();
      const at::Tensor towards = gap < 0 ? -c.weights[i] : c.weights[i];
      if (norm == Norm::linf) {
        EXPECT_NEAR(lengths[i].item<double>(), linf_oracle(c.points[i], towards, std::abs(gap)),
                    1e-10);
      } else if (norm == Norm::l2) {
        EXPECT_NEAR(lengths[i].item<double>(), l2_oracle(c.points[i], towards, std::abs(gap)),
                    1e-8);
      }
    }
  }
}

TEST(StepToHyperplane, TakesInL1TheLargestWeightsFirst) {
  const at::Tensor x = at::tensor({0.5, 0.5, 0.5}, at::kDouble).view({1, 3});
  const at::Tensor w = at::tensor({1.0, -4.0, 2.0}, at::kDouble).view({1, 3});
  const at::Tensor step =
      step_to_hyperplane(Norm::l1, x, w, (w * x).sum(1) + 2.5, kLow, kHigh);  // 4 * 0.5 + 2 * 0.25
  EXPECT_TRUE(at::allclose(step, at::tensor({0.0, -0.5, 0.25}, at::kDouble).view({1, 3})));
}

TEST(StepToHyperplane, GoesToTheNearestCornerWhereTheBoxDoesNotMeetIt) {
  const Case c = random_case(0);
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const at::Tensor there =
        c.points + step_to_hyperplane(norm, c.points, c.weights, c.offsets + 1e4, kLow, kHigh);
    EXPECT_TRUE(at::allclose(there, (c.weights > 0).to(at::kDouble)));
  }
}

TEST(StepToHyperplane, IsNoneOnTheHyperplaneAndWithoutWeights) {
  const Case c = random_case(0);
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const at::Tensor step = step_to_hyperplane(norm, c.points, c.weights, c.offsets, kLow, kHigh);
    EXPECT_LT(step.abs().max().item<double>(), 1e-12);
    const at::Tensor still =
        step_to_hyperplane(norm, c.points, at::zeros_like(c.weights), c.offsets, kLow, kHigh);
    EXPECT_EQ(still.abs().max().item<double>(), 0);
  }
}

}  // namespace
}  // namespace hadal::msp
