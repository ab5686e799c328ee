#include "hadal/models/schedule.h"

#include <gtest/gtest.h>

namespace hadal::models {
namespace {

TEST(Schedule, RisesLinearlyAndFallsAlongHalfACosine) {
  const Schedule cosine{.peak = 2.0, .warm_up = 4, .last_share = 0.1, .steps = 104};
  EXPECT_DOUBLE_EQ(cosine.at(0), 0.5);
  EXPECT_DOUBLE_EQ(cosine.at(3), 2.0);
  EXPECT_DOUBLE_EQ(cosine.at(4), 2.0);
  EXPECT_DOUBLE_EQ(cosine.at(54), 0.2 + 1.8 * 0.5);
  EXPECT_NEAR(cosine.at(104), 0.2, 1e-12);
  EXPECT_NEAR(cosine.at(10'000), 0.2, 1e-12);
}

TEST(Schedule, StaysLevelWhereToldTo) {
  const Schedule level{.kind = Schedule::Kind::constant, .peak = 2.0, .warm_up = 2, .steps = 10};
  EXPECT_DOUBLE_EQ(level.at(0), 1.0);
  EXPECT_DOUBLE_EQ(level.at(9), 2.0);
}

TEST(Schedule, TakesAWarmUpAsLongAsTheRun) {
  const Schedule all{.peak = 1.0, .warm_up = 3, .steps = 3};
  EXPECT_DOUBLE_EQ(all.at(2), 1.0);
  EXPECT_DOUBLE_EQ(all.at(3), 1.0);
}

}  // namespace
}  // namespace hadal::models
