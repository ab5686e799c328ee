#include "hadal/msp/attack/pgd.h"

#include "hadal/msp/attack/apgd.h"
#include "hadal/msp/attack/bim.h"
#include "hadal/msp/attack/mi_fgsm.h"
#include "hadal/msp/attack/square.h"
#include "hadal/msp/attack/test_support.h"

#include <vector>

#include <ATen/ops/clamp.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::msp {
namespace {

using testing::count;

class PgdTest : public ::testing::Test {
 protected:
  AttackResult run(const Attack& attack) const {
    return attack.run(classifier_, inputs_, goal_, {.seed = 3});
  }
  Classifier classifier_ = testing::bent(31);
  at::Tensor inputs_ = testing::random_images(60, 32, at::kDouble);
  Goal goal_{.labels = testing::predicted(classifier_, inputs_)};
};

TEST_F(PgdTest, BreaksMoreWithALargerEpsilon) {
  std::int64_t before = 0;
  for (const double epsilon : {0.0, 0.01, 0.03, 0.06, 0.12, 0.5}) {
    const auto now =
        count(run(Pgd({.threat = {.epsilon = epsilon}, .step_size = epsilon / 5 + 1e-3})).success);
    EXPECT_GE(now, before) << epsilon;
    before = now;
  }
  EXPECT_EQ(before, 60);
}

TEST_F(PgdTest, BreaksNothingLessWithMoreRestarts) {
  PgdOptions options{.threat = {.epsilon = 0.03}, .steps = 3, .step_size = 0.01};
  const AttackResult once = run(Pgd(options));
  options.restarts = 5;
  const AttackResult often = run(Pgd(options));
  EXPECT_GT(count(often.success), count(once.success));
  EXPECT_FALSE(once.success.logical_and(often.success.logical_not()).any().item<bool>());
}

TEST_F(PgdTest, ChangesNothingForInputsThatNeverStop) {
  PgdOptions options{.threat = {.epsilon = 0.03}, .step_size = 0.01};
  const AttackResult stopping = run(Pgd(options));
  options.early_stop = false;
  const AttackResult going = run(Pgd(options));
  EXPECT_FALSE(going.success.logical_and(stopping.success.logical_not()).any().item<bool>());
  EXPECT_LT(stopping.effort.gradients, going.effort.gradients);
  const at::Tensor open = stopping.success.logical_not();
  ASSERT_GT(count(open), 5);
  ASSERT_LT(count(open), 55);
  const at::Tensor rows = open.nonzero().squeeze(1);
  EXPECT_TRUE(at::allclose(stopping.points.index_select(0, rows),
                           going.points.index_select(0, rows), 1e-9, 1e-9));
}

// A step as the formulas have it, by plain means: two steps of each from the clean input.
TEST_F(PgdTest, StepsAsItsFormulasDo) {
  const Threat threat{.epsilon = 0.02};
  const double size = 0.015, decay = 0.7;
  const auto gradient_at = [&](const at::Tensor& x) {
    const double h = 1e-6;
    at::Tensor gradient = at::zeros_like(x).flatten(1);
    for (std::int64_t i = 0; i < gradient.size(1); ++i) {
      at::Tensor up = x.flatten(1).clone(), down = up.clone();
      up.select(1, i).add_(h);
      down.select(1, i).sub_(h);
      const auto loss = [&](const at::Tensor& at) {
        return cross_entropy(classifier_(at.view_as(x)), goal_.labels);
      };
      gradient.select(1, i).copy_((loss(up) - loss(down)) / (2 * h));
    }
    return gradient.view_as(x);
  };
  const auto within = [&](const at::Tensor& x) {
    return at::clamp(x, (inputs_ - threat.epsilon).clamp_min(0),
                     (inputs_ + threat.epsilon).clamp_max(1));
  };
  const auto unit = [](const at::Tensor& g) {
    return g / g.flatten(1).abs().sum(1).view({-1, 1, 1, 1});
  };
  const at::Tensor first = gradient_at(inputs_);
  const at::Tensor x = within(inputs_ + first.sign() * size);
  const at::Tensor second = gradient_at(x);
  const at::Tensor plain = within(x + second.sign() * size);
  const at::Tensor sum = unit(first) * decay + unit(second);
  const at::Tensor pushed = within(x + sum.sign() * size);

  const auto open = [&](const AttackResult& result, const at::Tensor& expected) {
    // Those wrong already stay; a sign may differ where finite differences are 0 but for rounding.
    const at::Tensor same = ((result.points - expected).abs() < 1e-9).to(at::kDouble);
    return same.mean().item<double>();
  };
  EXPECT_GT(
      open(run(Bim({.threat = threat, .steps = 2, .step_size = size, .early_stop = false})), plain),
      0.999);
  EXPECT_GT(open(run(MiFgsm({.threat = threat,
                             .steps = 2,
                             .step_size = size,
                             .momentum = decay,
                             .early_stop = false})),
                 pushed),
            0.999);
}

TEST_F(PgdTest, IsBeatenByApgd) {
  const Threat threat{.epsilon = 0.03};
  EXPECT_GE(count(run(Apgd({.threat = threat})).success),
            count(run(Pgd({.threat = threat, .step_size = 0.01})).success));
}

TEST(SquareShare, FollowsTheReference) {
  const std::vector<std::pair<std::int64_t, double>> expected = {
      {0, 0.8}, {10, 0.8}, {11, 0.4}, {50, 0.4}, {51, 0.2}, {1001, 0.8 / 32}, {8001, 0.8 / 512}};
  for (const auto& [query, share] : expected) EXPECT_EQ(square_share(0.8, query), share);
}

// 60 images within 1,000 queries each: random search finds most of what gradients find.
TEST_F(PgdTest, FindsLittleThatSquareMisses) {
  const Threat threat{.epsilon = 0.05};
  const auto white = count(run(Pgd({.threat = threat, .step_size = 0.01})).success);
  const AttackResult black = run(Square({.threat = threat, .queries = 1000}));
  EXPECT_GE(count(black.success) * 10, white * 8);
  EXPECT_EQ(black.effort.gradients, 0);
  EXPECT_LE(black.effort.forwards, 60 * 1002);
}

}  // namespace
}  // namespace hadal::msp
