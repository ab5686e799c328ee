#include "hadal/msp/attack/apgd_schedule.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

TEST(ApgdCheckpoints, AreThoseOfTheReference) {
  EXPECT_EQ(apgd_checkpoints(100), (std::vector<int>{22, 41, 57, 70, 80, 87, 93, 99}));
  EXPECT_EQ(apgd_checkpoints(10), (std::vector<int>{2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

/// Three inputs: the first's loss rises at each step, the second's never, the third's as often as
/// not, from step 1 to 22.
TEST(ApgdSchedule, HalvesWhatRisesTooSeldomAndGoesBackToTheBest) {
  ApgdSchedule schedule(100, 0.75, 2);
  at::Tensor x, gradient;
  for (int step = 0; step <= 22; ++step) {
    x = at::full({3, 1}, step, at::kDouble);
    gradient = x * 10;
    const at::Tensor loss =
        at::tensor({double(step), double(-step), step == 5 ? 9.0 : step % 2}, at::kDouble);
    schedule.observe(step, x, loss, gradient);
    if (step == 21) {
      EXPECT_TRUE(at::equal(schedule.step_sizes(), at::full({3}, 2.0, at::kDouble)));
    }
  }
  EXPECT_TRUE(at::equal(schedule.step_sizes(), at::tensor({2.0, 1.0, 1.0}, at::kDouble)));
  EXPECT_TRUE(at::equal(x.squeeze(1), at::tensor({22.0, 0.0, 5.0}, at::kDouble)));
  EXPECT_TRUE(at::equal(gradient.squeeze(1), at::tensor({220.0, 0.0, 50.0}, at::kDouble)));
}

/// The loss rises at all steps, but after 22 stays below the best: the step size, which stayed at
/// the first checkpoint, is halved at the second, and at the third it may stay again.
TEST(ApgdSchedule, HalvesWhereTheBestHasNotGrownSinceAStepSizeStayed) {
  ApgdSchedule schedule(100, 0.75, 2);
  for (int step = 0; step <= 57; ++step) {
    at::Tensor x = at::full({1, 1}, step, at::kDouble), gradient = x;
    const double loss = step <= 22 ? 1000 + step : step;
    schedule.observe(step, x, at::full({1}, loss, at::kDouble), gradient);
    const double expected = step < 41 ? 2 : 1;
    EXPECT_EQ(schedule.step_sizes().item<double>(), expected) << step;
  }
}

TEST(ApgdSchedule, KeepsRows) {
  ApgdSchedule schedule(2, 0.75, 1);
  at::Tensor x = at::tensor({1.0, 2.0}, at::kDouble).view({2, 1}), gradient = x;
  schedule.observe(0, x, at::tensor({5.0, 5.0}, at::kDouble), gradient);
  schedule.keep(at::tensor({1}, at::kLong));
  x = at::full({1, 1}, 9.0, at::kDouble);
  gradient = x;
  schedule.observe(1, x, at::tensor({4.0}, at::kDouble), gradient);
  EXPECT_EQ(x.item<double>(), 2);  // the best of the second input
}

}  // namespace
}  // namespace hadal::msp
