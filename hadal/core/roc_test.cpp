#include "hadal/core/roc.h"

#include "hadal/core/error.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace hadal {
namespace {

TEST(RocArea, CountsPairsAndTiesHalf) {
  const std::vector<double> positives{3, 2, 1}, negatives{2, 0};
  // Above both, tied with one and above one, above one: 2 + 1.5 + 1 of 6.
  EXPECT_DOUBLE_EQ(roc_area(positives, negatives).value, 4.5 / 6);
  EXPECT_DOUBLE_EQ(roc_area(negatives, positives).value, 1.5 / 6);
}

TEST(RocArea, ItsIntervalHasAWidthWhereAllAreApart) {
  std::vector<double> positives, negatives;
  for (int i = 0; i < 20; ++i) {
    positives.push_back(100 + i);
    negatives.push_back(i);
  }
  const RocArea area = roc_area(positives, negatives);
  EXPECT_EQ(area.value, 1);
  EXPECT_EQ(area.interval.high, 1);
  // 1 - x = 1.96 sqrt(x (1 - x) (1 + 19 (1 - x) / (2 - x) + 19 x / (1 + x)) / 400), solved apart.
  EXPECT_NEAR(area.interval.low, 0.89866, 1e-5);
}

TEST(RocArea, RefusesWhatIsEmptyOrNotFinite) {
  const std::vector<double> one{1}, none, odd{NAN};
  EXPECT_THROW(roc_area(one, none), InvalidArgument);
  EXPECT_THROW(roc_area(none, one), InvalidArgument);
  EXPECT_THROW(roc_area(odd, one), InvalidArgument);
}

}  // namespace
}  // namespace hadal
