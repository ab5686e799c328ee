#include "hadal/hpts/distributed/scaling.h"

#include "hadal/core/error.h"

#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

constexpr Network kGigabit{.latency_seconds = 50e-6, .bits_per_second = 1e9};

TEST(Scaling, OfOneProcessIsItsCompute) {
  EXPECT_EQ(modelled_step_seconds({.compute_seconds = 0.3, .payload_bytes = 1000}, kGigabit, 1),
            0.3);
}

TEST(Scaling, FollowsTheRingsFormula) {
  const MeasuredStep step{.compute_seconds = 0.1, .payload_bytes = 100'000'000, .collectives = 5};
  // Two processes: 2 messages of 50 MB and 2 * 5 latencies.
  EXPECT_NEAR(modelled_step_seconds(step, kGigabit, 2), 0.1 + 0.8 + 10 * 50e-6, 1e-12);
  // A thousand: nearly twice the bytes, and 1,998 latencies for each collective.
  EXPECT_NEAR(modelled_step_seconds(step, kGigabit, 1000), 0.1 + 1.998 * 0.8 + 1998 * 5 * 50e-6,
              1e-9);
}

TEST(Scaling, ComputeHidesNoMoreThanItLasts) {
  MeasuredStep step{
      .compute_seconds = 0.1, .payload_bytes = 10'000'000, .collectives = 0, .overlap = 1};
  EXPECT_NEAR(modelled_step_seconds(step, kGigabit, 2), 0.1, 1e-12);
  step.payload_bytes *= 10;
  EXPECT_NEAR(modelled_step_seconds(step, kGigabit, 2), 0.8, 1e-12);
}

TEST(Scaling, RefusesValuesOutOfRange) {
  EXPECT_THROW(modelled_step_seconds({}, kGigabit, 0), InvalidArgument);
  EXPECT_THROW(modelled_step_seconds({.overlap = 1.5}, kGigabit, 2), InvalidArgument);
  EXPECT_THROW(modelled_step_seconds({}, {.bits_per_second = 0}, 2), InvalidArgument);
}

}  // namespace
}  // namespace hadal::hpts
