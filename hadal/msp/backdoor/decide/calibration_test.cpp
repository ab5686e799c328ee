#include "hadal/msp/backdoor/decide/calibration.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

std::vector<double> draw(Random& random) {
  // Classes differ in where and how far their scores lie.
  return {random.normal(), 5 + 0.1 * random.normal(), -3 + 2 * random.normal()};
}

TEST(BackdoorDecision, FindsTheScoreThatIsOutOfItsClasssRange) {
  Random random(1);
  std::vector<std::vector<double>> clean;
  for (int i = 0; i < 38; ++i) clean.push_back(draw(random));
  const auto decision = decide_backdoor(clean, {0, 6, -3});  // below the third's usual largest
  EXPECT_EQ(decision.place, 1U);
  EXPECT_NEAR(decision.statistic, 10, 3);
  EXPECT_DOUBLE_EQ(decision.p, 1.0 / 39);
  EXPECT_GT(decide_backdoor(clean, {0, 5, -3}).p, 0.5);
}

TEST(BackdoorDecision, ItsChanceIsThatOfAFalseAlarm) {
  // Over many calibrations, p <= 0.1 comes up for a clean model in one of ten cases.
  Random random(2);
  int alarms = 0;
  constexpr int kTrials = 2'000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<std::vector<double>> clean;
    for (int i = 0; i < 19; ++i) clean.push_back(draw(random));
    alarms += decide_backdoor(clean, draw(random)).p <= 0.1 ? 1 : 0;
  }
  EXPECT_NEAR(alarms, 200, 3.5 * std::sqrt(180));
}

TEST(BackdoorDecision, TheUsualRuleAlarmsOnAThirdOfTenEqualClasses) {
  Random random(3);
  int alarms = 0;
  constexpr int kTrials = 4'000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> sizes;
    for (int k = 0; k < 10; ++k) sizes.push_back(50 + 5 * random.normal());
    const auto indices = anomaly_indices(sizes);
    alarms += std::ranges::max(indices) > kAnomalyLimit ? 1 : 0;
  }
  EXPECT_NEAR(alarms / double(kTrials), 0.323, 0.03);
}

TEST(AnomalyIndices, AreThoseOfThePaper) {
  // Median 10, median absolute deviation 1: (10 - 2) / 1.4826.
  const auto indices = anomaly_indices({9, 10, 11, 10, 2, 11, 9});
  EXPECT_NEAR(indices[4], 8 / 1.4826, 1e-12);
  EXPECT_LT(indices[2], 0);
}

TEST(BackdoorDecision, RefusesWhatCannotBeCompared) {
  const std::vector<std::vector<double>> none, some{{1, 2}}, odd{{1, NAN}};
  EXPECT_THROW(decide_backdoor(none, {1}), InvalidArgument);
  EXPECT_THROW(decide_backdoor(some, {1}), InvalidArgument);
  EXPECT_THROW(decide_backdoor(some, {}), InvalidArgument);
  EXPECT_THROW(decide_backdoor(odd, {1, 2}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
