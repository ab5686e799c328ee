#include "hadal/msp/defend/overfitting.h"

#include "hadal/core/error.h"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

TEST(OverfittingWatch, SeesANetworkThatResistsOneStepAlone) {
  OverfittingWatch watch;
  watch.observe(0.6, 0.5);
  EXPECT_FALSE(watch.is_overfitted());
  watch.observe(0.9, 0.1);
  EXPECT_TRUE(watch.is_overfitted());
  EXPECT_EQ(watch.times(), 1);
}

TEST(OverfittingWatch, IsOverOnceSeveralStepsAreNearlyAsGoodAsOne) {
  OverfittingWatch watch;
  watch.observe(0.9, 0.1);
  watch.observe(0.8, 0.5);  // better, not yet well
  EXPECT_TRUE(watch.is_overfitted());
  watch.observe(0.8, 0.7);
  EXPECT_FALSE(watch.is_overfitted());
  watch.observe(0.8, 0.5);  // worse, not yet ill
  EXPECT_FALSE(watch.is_overfitted());
  watch.observe(0.9, 0.2);
  EXPECT_EQ(watch.times(), 2);
}

TEST(OverfittingWatch, GoesOnFromItsState) {
  OverfittingWatch watch;
  watch.observe(0.9, 0.1);
  OverfittingWatch other;
  other.load(watch.state());
  EXPECT_TRUE(other.is_overfitted());
  EXPECT_EQ(other.times(), 1);
  EXPECT_THROW(other.load(at::zeros({3})), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
