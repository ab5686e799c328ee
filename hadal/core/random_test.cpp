#include "hadal/core/random.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace hadal {
namespace {

TEST(Random, EqualsTheReferenceImplementation) {
  // From splitmix64.c and xoshiro256starstar.c (prng.di.unimi.it): the state is SplitMix64's first
  // four numbers. The first four and the thousandth number.
  struct Row {
    std::uint64_t seed;
    std::vector<std::uint64_t> first;
    std::uint64_t thousandth;
  };
  for (const Row& row :
       {Row{0,
            {0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c},
            0x7aac8c483a2edd2f},
        Row{1234567,
            {0x30a3a1c363600467, 0x19405f0f579929ca, 0x115beaac046ddbd9, 0xeb17caf48f27d7f6},
            0x3be7f2876df677c2},
        Row{~std::uint64_t{0},
            {0x8f5520d52a7ead08, 0xc476a018caa1802d, 0x81de31c0d260469e, 0xbf658d7e065f3c2f},
            0xc3c93ea5cde434cc}}) {
    Random random(row.seed);
    for (const std::uint64_t expected : row.first) EXPECT_EQ(random.next(), expected) << row.seed;
    for (int i = 4; i < 999; ++i) random.next();
    EXPECT_EQ(random.next(), row.thousandth) << row.seed;
  }
}

/// Pearson's statistic of equally likely cells. Its mean is the number of cells less one, and its
/// variance twice that.
double chi_square(const std::vector<int>& counts) {
  double total = 0;
  for (const int count : counts) total += count;
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

TEST(Random, BelowIsUniformOverSmallBounds) {
  Random random(1);
  for (const std::uint64_t bound : {2, 3, 7, 10, 100}) {
    std::vector<int> counts(bound);
    for (int i = 0; i < 100'000; ++i) ++counts.at(random.below(bound));
    const double freedom = static_cast<double>(bound) - 1;
    EXPECT_LT(chi_square(counts), freedom + 5 * std::sqrt(2 * freedom)) << bound;
  }
}

TEST(Random, BelowHasNoBiasWhereTheBoundDoesNotDivideTheRange) {
  // 3/4 of the range: a plain remainder would draw the lowest third of the bound half of the time.
  constexpr std::uint64_t kBound = std::uint64_t{3} << 62;
  Random random(2);
  std::vector<int> thirds(3);
  for (int i = 0; i < 30'000; ++i) ++thirds.at(random.below(kBound) / (kBound / 3));
  EXPECT_LT(chi_square(thirds), 2 + 5 * std::sqrt(4.0));
}

TEST(Random, BelowOneOrNothingIsZero) {
  Random random(3);
  EXPECT_EQ(random.below(0), 0u);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, BetweenIncludesBothEnds) {
  Random random(4);
  std::map<std::int64_t, int> counts;
  for (int i = 0; i < 1000; ++i) ++counts[random.between(-2, 2)];
  EXPECT_EQ(counts.size(), 5u);
  EXPECT_EQ(counts.begin()->first, -2);
  EXPECT_EQ(counts.rbegin()->first, 2);
  EXPECT_EQ(random.between(9, 9), 9);
}

TEST(Random, BetweenCoversTheWholeRange) {
  Random random(5);
  constexpr auto kLow = std::numeric_limits<std::int64_t>::min();
  constexpr auto kHigh = std::numeric_limits<std::int64_t>::max();
  bool negative = false;
  bool positive = false;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t value = random.between(kLow, kHigh);
    negative |= value < 0;
    positive |= value > 0;
  }
  EXPECT_TRUE(negative && positive);
}

TEST(Random, BetweenRefusesReversedEnds) {
  Random random(6);
  EXPECT_THROW(random.between(2, 1), InvalidArgument);
}

TEST(Random, UniformStaysInItsRangeAndFillsIt) {
  Random random(7);
  std::vector<int> tenths(10);
  for (int i = 0; i < 100'000; ++i) {
    const double value = random.uniform();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    ++tenths[static_cast<std::size_t>(value * 10)];
    const double scaled = random.uniform(-3, 5);
    ASSERT_GE(scaled, -3);
    ASSERT_LT(scaled, 5);
  }
  EXPECT_LT(chi_square(tenths), 9 + 5 * std::sqrt(18.0));
}

TEST(Random, NormalHasTheMomentsOfTheNormalDistribution) {
  constexpr int kCount = 200'000;
  Random random(8);
  double sum = 0, square = 0, cube = 0, fourth = 0;
  int beyond_two = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal();
    sum += x;
    square += x * x;
    cube += x * x * x;
    fourth += x * x * x * x;
    beyond_two += std::abs(x) > 2;
  }
  // Five standard errors of each moment: sqrt(1, 2, 15, 96 / count).
  const auto five_errors = [](double variance) { return 5 * std::sqrt(variance / kCount); };
  EXPECT_NEAR(sum / kCount, 0, five_errors(1));
  EXPECT_NEAR(square / kCount, 1, five_errors(2));
  EXPECT_NEAR(cube / kCount, 0, five_errors(15));
  EXPECT_NEAR(fourth / kCount, 3, five_errors(96));
  EXPECT_NEAR(static_cast<double>(beyond_two) / kCount, 0.0455003, five_errors(0.0434));
}

TEST(Random, ShuffleKeepsTheItemsAndReachesEveryOrderEquallyOften) {
  Random random(9);
  std::map<std::vector<int>, int> orders;
  for (int i = 0; i < 24'000; ++i) {
    std::vector<int> items = {1, 2, 3, 4};
    random.shuffle(items);
    ++orders[items];
  }
  ASSERT_EQ(orders.size(), 24u);
  std::vector<int> counts;
  for (const auto& [order, count] : orders) {
    EXPECT_TRUE(std::is_permutation(order.begin(), order.end(), std::begin({1, 2, 3, 4})));
    counts.push_back(count);
  }
  EXPECT_LT(chi_square(counts), 23 + 5 * std::sqrt(46.0));
}

TEST(Random, ShufflesNothingAndOne) {
  Random random(10);
  std::vector<int> none;
  std::vector<int> one = {5};
  random.shuffle(none);
  random.shuffle(one);
  EXPECT_EQ(one, std::vector<int>{5});
}

TEST(Random, NamedStreamsDifferBySeedNameAndIndex) {
  std::vector<std::uint64_t> firsts;
  for (const std::uint64_t seed : {0, 1, 2}) {
    firsts.push_back(Random(seed).next());
    for (const char* name : {"", "a", "b", "weights", "weight"}) {
      for (const std::uint64_t index : {0, 1, 2, 1000}) {
        firsts.push_back(Random(seed, name, index).next());
      }
    }
  }
  std::sort(firsts.begin(), firsts.end());
  EXPECT_EQ(std::adjacent_find(firsts.begin(), firsts.end()), firsts.end());
}

TEST(Random, NamedStreamsRepeat) {
  Random a(3, "data", 4);
  Random b(3, "data", 4);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.next(), b.next());
}

TEST(Random, NeighbouringStreamsAreNotCorrelated) {
  constexpr int kCount = 20'000;
  const std::vector<std::pair<Random, Random>> pairs = {
      {Random(1, "data", 0), Random(1, "data", 1)},
      {Random(1, "data"), Random(2, "data")},
      {Random(1, "data"), Random(1, "model")}};
  for (auto [a, b] : pairs) {
    double sum = 0;
    for (int i = 0; i < kCount; ++i) sum += a.normal() * b.normal();
    EXPECT_LT(std::abs(sum / kCount), 5 / std::sqrt(double{kCount}));
  }
}

}  // namespace
}  // namespace hadal
