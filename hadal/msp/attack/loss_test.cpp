#include "hadal/msp/attack/loss.h"

#include "hadal/core/error.h"

#include <cmath>

#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

at::Tensor logits() {
  return at::tensor({3.0, 1.0, 0.5, -1.0, 0.0, 4.0, 2.0, 1.0}, at::kDouble).view({2, 4});
}

at::Tensor classes(std::int64_t a, std::int64_t b) { return at::tensor({a, b}, at::kLong); }

void expect_values(const at::Tensor& values, double a, double b) {
  EXPECT_NEAR(values[0].item<double>(), a, 1e-9);
  EXPECT_NEAR(values[1].item<double>(), b, 1e-9);
}

TEST(AttackLoss, HasTheValuesOfItsFormulas) {
  const auto log_sum = [](double a, double b, double c, double d) {
    return std::log(std::exp(a) + std::exp(b) + std::exp(c) + std::exp(d));
  };
  expect_values(cross_entropy(logits(), classes(0, 2)), log_sum(3, 1, 0.5, -1) - 3,
                log_sum(0, 4, 2, 1) - 2);
  expect_values(margin(logits(), classes(0, 2)), 1 - 3, 4 - 2);
  expect_values(logit_ratio(logits(), classes(0, 2)), -2 / 2.5, 2.0 / 3);
  expect_values(targeted_logit_ratio(logits(), classes(0, 1), classes(2, 0)),
                -2.5 / (3 - (0.5 - 1) / 2), -4 / (4 - 0.5));
}

TEST(AttackLoss, IsNegatedForTargets) {
  const Goal goal{.labels = classes(0, 1), .targets = classes(1, 2)};
  expect_values(loss_of(Loss::margin, logits(), goal), -2, -2);
  EXPECT_TRUE(at::equal(loss_of(Loss::cross_entropy, logits(), goal),
                        cross_entropy(logits(), goal.targets).neg()));
  EXPECT_TRUE(at::equal(loss_of(Loss::logit_ratio, logits(), goal),
                        targeted_logit_ratio(logits(), goal.labels, goal.targets)));
}

TEST(AttackLoss, RefusesRatiosOfTooFewClasses) {
  const at::Tensor two = logits().slice(1, 0, 2);
  EXPECT_THROW(logit_ratio(two, classes(0, 1)), InvalidArgument);
  EXPECT_THROW(targeted_logit_ratio(logits().slice(1, 0, 3), classes(0, 1), classes(1, 0)),
               InvalidArgument);
}

TEST(Goal, IsReachedByAnyOtherClassOrTheTarget) {
  const Goal any{.labels = classes(0, 0)};
  EXPECT_TRUE(at::equal(any.reached(logits()), at::tensor({0, 1}).to(at::kBool)));
  const Goal target{.labels = classes(1, 0), .targets = classes(0, 2)};
  EXPECT_TRUE(at::equal(target.reached(logits()), at::tensor({1, 0}).to(at::kBool)));
}

TEST(Goal, RefusesClassesThatTheClassifierLacks) {
  EXPECT_THROW(validate(Goal{.labels = classes(0, 4)}, 2, 4), InvalidArgument);
  EXPECT_THROW(validate(Goal{.labels = classes(0, -1)}, 2, 4), InvalidArgument);
  EXPECT_THROW(validate(Goal{.labels = classes(0, 1)}, 3, 4), InvalidArgument);
  EXPECT_THROW(validate(Goal{.labels = classes(0, 1), .targets = classes(1, 1)}, 2, 4),
               InvalidArgument);
  validate(Goal{.labels = classes(0, 1), .targets = classes(1, 0)}, 2, 4);
}

}  // namespace
}  // namespace hadal::msp
