#include "hadal/msp/attack/ball.h"

#include "hadal/msp/attack/l1_projection.h"
#include "hadal/msp/attack/test_support.h"

#include <cmath>

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::msp {
namespace {

using testing::expect_within;

constexpr std::int64_t kCount = 40;

struct Kind {
  Norm norm;
  double epsilon;
  at::ScalarType type;
};

class BallOfKind : public ::testing::TestWithParam<Kind> {
 protected:
  Threat threat() const { return {.norm = GetParam().norm, .epsilon = GetParam().epsilon}; }
  at::Tensor clean() const {
    at::Tensor images = testing::random_images(kCount, 3, GetParam().type);
    images[0].fill_(0);
    images[1].fill_(1);
    return images;
  }
  /// Far outside, in every direction.
  at::Tensor outside() const {
    at::manual_seed(4);
    return clean() + at::randn({kCount, 2, 6, 6}, at::kDouble).to(GetParam().type) * 3;
  }
};

TEST_P(BallOfKind, ConfinesWithoutRoundingBeyondTheBudget) {
  const Ball ball(threat(), clean());
  const at::Tensor points = ball.confine(outside());
  expect_within(threat(), points, clean());
  // And leaves no more of it unused than rounding asks for.
  const at::Tensor again = ball.confine(points);
  EXPECT_LT((again - points).abs().max().item<double>(), 1e-6);
}

TEST_P(BallOfKind, LeavesPointsWithinWhereTheyAre) {
  const Ball ball(threat(), clean());
  const at::Tensor points = ball.confine(clean() + (outside() - clean()) * 1e-6);
  EXPECT_LT((ball.project(points) - points).abs().max().item<double>(), 1e-7);
}

TEST_P(BallOfKind, DrawsPointsWithin) {
  const Ball ball(threat(), clean());
  Streams streams(1, "test", 0, at::arange(kCount));
  const at::Tensor points = ball.confine(ball.random_point(streams));
  expect_within(threat(), points, clean());
  // The range takes much of what is drawn at its corners.
  EXPECT_GT(distance(threat().norm, points, clean()).min().item<double>(), 0.1 * threat().epsilon);
}

TEST_P(BallOfKind, IsTheSameRowByRow) {
  const at::Tensor rows = at::arange(5, 9);
  const Ball part = Ball(threat(), clean()).rows(rows);
  EXPECT_TRUE(at::equal(part.project(outside().index_select(0, rows)),
                        Ball(threat(), clean()).project(outside()).index_select(0, rows)));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, BallOfKind,
    ::testing::Values(Kind{Norm::linf, 8.0 / 255, at::kFloat}, Kind{Norm::linf, 0.1, at::kDouble},
                      Kind{Norm::l2, 0.5, at::kFloat}, Kind{Norm::l2, 1.0 / 3, at::kDouble},
                      Kind{Norm::l1, 3, at::kFloat}, Kind{Norm::l1, 2.0 / 3, at::kDouble}));

// Of the L2 distance to the points of a convex set, the projection has the least: no other member
// is nearer, and the angle at it is not acute.
TEST(L1Projection, IsNearerThanOtherMembers) {
  at::manual_seed(5);
  const at::Tensor p = at::randn({30, 20}, at::kDouble);
  const at::Tensor lower = -at::rand({30, 20}, at::kDouble), upper = lower + 1;
  for (const double epsilon : {0.5, 2.0, 50.0}) {
    const at::Tensor projected = project_l1(p, lower, upper, epsilon);
    EXPECT_LE(projected.abs().sum(1).max().item<double>(), epsilon + 1e-12);
    EXPECT_TRUE((projected >= lower - 1e-15).all().item<bool>());
    EXPECT_TRUE((projected <= upper + 1e-15).all().item<bool>());
    for (int i = 0; i < 200; ++i) {
      at::Tensor other = (at::randn({30, 20}, at::kDouble) * 0.3 + projected).clamp(lower, upper);
      other = other * (epsilon / other.abs().sum(1, true)).clamp_max(1);
      const at::Tensor angle = ((p - projected) * (other - projected)).sum(1);
      EXPECT_LE(angle.max().item<double>(), 1e-10);
    }
  }
}

TEST(L1Projection, IsSoftThresholdingWithoutBounds) {
  const at::Tensor p = at::tensor({3.0, -1.0, 0.5, -2.0}, at::kDouble).view({1, 4});
  const at::Tensor wide = at::full_like(p, 100);
  const at::Tensor expected = at::tensor({2.0, 0.0, 0.0, -1.0}, at::kDouble).view({1, 4});
  EXPECT_TRUE(at::allclose(project_l1(p, -wide, wide, 3), expected));
  EXPECT_TRUE(at::equal(project_l1(p, -wide, wide, 0), at::zeros_like(p)));
}

TEST(Steepest, RisesMostAmongDirectionsOfItsNorm) {
  at::manual_seed(6);
  const at::Tensor gradient = at::randn({10, 50}, at::kDouble);
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const at::Tensor direction = steepest(norm, gradient);
    EXPECT_LT((norm_of(norm, direction) - 1).abs().max().item<double>(), 1e-12);
    const at::Tensor rise = (direction * gradient).sum(1);
    for (int i = 0; i < 100; ++i) {
      at::Tensor other = at::randn({10, 50}, at::kDouble);
      other = other / norm_of(norm, other).unsqueeze(1);
      EXPECT_TRUE((rise >= (other * gradient).sum(1)).all().item<bool>());
    }
    EXPECT_TRUE(at::equal(steepest(norm, at::zeros_like(gradient)), at::zeros_like(gradient)));
  }
}

TEST(Streams, DependOnThePlaceAlone) {
  Streams all(7, "test", 0, at::arange(6));
  Streams part(7, "test", 0, at::arange(4, 6));
  const at::Tensor like = at::zeros({6, 3});
  EXPECT_TRUE(at::equal(all.uniform(like).slice(0, 4), part.uniform(like.slice(0, 4))));
  all.keep(at::arange(4, 6));
  EXPECT_TRUE(at::equal(all.normal(like.slice(0, 4)), part.normal(like.slice(0, 4))));
  Streams other_run(7, "test", 1, at::arange(4, 6));
  EXPECT_FALSE(at::equal(other_run.normal(like.slice(0, 4)), part.normal(like.slice(0, 4))));
}

}  // namespace
}  // namespace hadal::msp
