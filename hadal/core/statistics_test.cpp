#include "hadal/core/statistics.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace hadal {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::uint64_t kSeed = 7;

const std::vector<double> kOdd = {3.5, -1.25, 8.0, 2.0, 2.0, 19.75, 0.5};
const std::vector<double> kEven = {4.0, 1.0, 3.0, 10.0};

// Expected values: NumPy 2.4.6 and SciPy 1.17.1.

TEST(Statistics, MeansEqualNumPyAndSciPy) {
  EXPECT_DOUBLE_EQ(mean(kOdd), 4.928571428571429);
  EXPECT_DOUBLE_EQ(geometric_mean(std::vector{1.2, 0.8, 3.5, 1e-3, 40.0}), 0.6693909765664188);
}

TEST(Statistics, MeanDoesNotOverflow) {
  constexpr double kHuge = std::numeric_limits<double>::max();
  EXPECT_EQ(mean(std::vector{kHuge, kHuge, kHuge}), kHuge);
  EXPECT_EQ(mean(std::vector{kHuge, -kHuge}), 0);
  EXPECT_NEAR(geometric_mean(std::vector{1e300, 1e300}) / 1e300, 1, 1e-12);
}

TEST(Statistics, MedianIsTheMiddleOrTheMeanOfBothMiddles) {
  EXPECT_EQ(median(kOdd), 2.0);
  EXPECT_EQ(median(kEven), 3.5);
  EXPECT_EQ(median(std::vector{5.0}), 5.0);
}

TEST(Statistics, QuantilesEqualNumPy) {
  struct Row {
    double q, odd, even;
  };
  for (const Row& row :
       {Row{0, -1.25, 1.0}, Row{0.025, -0.9874999999999999, 1.15},
        Row{0.1, -0.19999999999999984, 1.6}, Row{0.25, 1.25, 2.5}, Row{1.0 / 3, 2.0, 3.0},
        Row{0.5, 2.0, 3.5}, Row{0.9, 12.700000000000005, 8.200000000000001},
        Row{0.975, 17.987499999999997, 9.549999999999999}, Row{1, 19.75, 10.0}}) {
    EXPECT_NEAR(quantile(kOdd, row.q), row.odd, 1e-13) << row.q;
    EXPECT_NEAR(quantile(kEven, row.q), row.even, 1e-13) << row.q;
  }
}

TEST(Statistics, LeavesTheSampleInOrder) {
  const std::vector<double> before = kOdd;
  median(kOdd);
  quantile(kOdd, 0.3);
  median_interval(kOdd, kSeed, 10);
  EXPECT_EQ(kOdd, before);
}

TEST(Statistics, RefusesEmptyAndNotFiniteSamples) {
  for (const auto& bad : {std::vector<double>{}, std::vector{1.0, kNan}, std::vector{kInfinity}}) {
    EXPECT_THROW(mean(bad), InvalidArgument);
    EXPECT_THROW(geometric_mean(bad), InvalidArgument);
    EXPECT_THROW(median(bad), InvalidArgument);
    EXPECT_THROW(quantile(bad, 0.5), InvalidArgument);
    EXPECT_THROW(median_interval(bad, kSeed), InvalidArgument);
  }
  try {
    median(std::vector{1.0, kNan});
    FAIL() << "accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(), "median: value 1 is nan, not a finite number");
  }
}

TEST(Statistics, RefusesArgumentsOutOfRange) {
  for (const double q : {-0.01, 1.01, kNan}) EXPECT_THROW(quantile(kOdd, q), InvalidArgument);
  EXPECT_THROW(geometric_mean(std::vector{1.0, 0.0}), InvalidArgument);
  EXPECT_THROW(geometric_mean(std::vector{1.0, -2.0}), InvalidArgument);
  EXPECT_THROW(median_interval(kOdd, kSeed, 0), InvalidArgument);
}

TEST(PairedRatios, DivideInPairs) {
  EXPECT_EQ(paired_ratios(std::vector{2.0, 9.0}, std::vector{4.0, 3.0}), (std::vector{0.5, 3.0}));
}

TEST(PairedRatios, RefuseUnequalLengthsAndWhatIsNotPositive) {
  const std::vector good = {1.0, 2.0};
  EXPECT_THROW(paired_ratios(good, std::vector{1.0}), InvalidArgument);
  EXPECT_THROW(paired_ratios({}, {}), InvalidArgument);
  for (const double bad : {0.0, -1.0, kNan, kInfinity}) {
    EXPECT_THROW(paired_ratios(good, std::vector{1.0, bad}), InvalidArgument) << bad;
    EXPECT_THROW(paired_ratios(std::vector{1.0, bad}, good), InvalidArgument) << bad;
  }
}

TEST(MedianInterval, EqualsSciPy) {
  // scipy.stats.bootstrap(values, np.median, n_resamples=100000, method="percentile")
  const std::vector<double> values = {6, 2, 9, 4, 1, 10, 3, 8, 5, 7};
  const Interval interval = median_interval(values, kSeed);
  EXPECT_EQ(interval.low, 3.0);
  EXPECT_EQ(interval.high, 8.0);
}

TEST(MedianInterval, DependsOnTheSeedAlone) {
  Random random(1);
  std::vector<double> values(40);
  for (double& value : values) value = random.normal();
  const Interval a = median_interval(values, kSeed, 100);
  const Interval b = median_interval(values, kSeed, 100);
  const Interval other = median_interval(values, kSeed + 1, 100);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_TRUE(a.low != other.low || a.high != other.high);
}

TEST(MedianInterval, OfEqualValuesIsThatValue) {
  const Interval interval = median_interval(std::vector{2.0, 2.0, 2.0}, kSeed);
  EXPECT_EQ(interval.low, 2.0);
  EXPECT_EQ(interval.high, 2.0);
}

/// P(X >= least) of a binomial X.
double binomial_tail(int n, double p, int least) {
  double sum = 0;
  for (int k = least; k <= n; ++k) {
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                    k * std::log(p) + (n - k) * std::log1p(-p));
  }
  return sum;
}

TEST(MedianInterval, EndsAtTheExactQuantilesOfTheBootstrapDistribution) {
  // With n odd, a resample's median is at most the k-th smallest value where at least (n + 1) / 2
  // of its n draws are among the k smallest. 10,000 resamples know the probability to 0.0016.
  constexpr double kSlack = 0.006;
  for (const int n : {5, 9, 15, 31, 101}) {
    std::vector<double> values(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = i + 1;
    const auto at_most = [n](int k) {
      return k <= 0 ? 0.0 : k >= n ? 1.0 : binomial_tail(n, double(k) / n, (n + 1) / 2);
    };
    const Interval interval = median_interval(values, kSeed);
    const int low = static_cast<int>(interval.low);
    const int high = static_cast<int>(interval.high);
    EXPECT_GE(at_most(low), 0.025 - kSlack) << n;
    EXPECT_LE(at_most(low - 1), 0.025 + kSlack) << n;
    EXPECT_GE(at_most(high), 0.975 - kSlack) << n;
    EXPECT_LE(at_most(high - 1), 0.975 + kSlack) << n;
  }
}

TEST(MedianInterval, CoversTheTrueMedianAboutAsOftenAsItSays) {
  constexpr int kTrials = 300;
  int normal = 0;
  int skewed = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    Random random(11, "coverage", static_cast<std::uint64_t>(trial));
    std::vector<double> values(15);
    for (double& value : values) value = random.normal();
    const Interval of_normal = median_interval(values, kSeed, 2000);
    normal += of_normal.low <= 0 && 0 <= of_normal.high;
    for (double& value : values) value = std::exp(random.normal());  // median 1
    const Interval of_skewed = median_interval(values, kSeed, 2000);
    skewed += of_skewed.low <= 1 && 1 <= of_skewed.high;
  }
  for (const int covered : {normal, skewed}) {
    EXPECT_GE(covered, 0.88 * kTrials);
    EXPECT_LE(covered, 0.985 * kTrials);
  }
}

TEST(RatioOfMeansInterval, IsThatOfAnotherBootstrap) {
  // 200,000 resamples with Python's random: 0.93478 and 0.99537.
  const std::vector a = {0.31, 0.45, 0.12, 0.50, 0.27, 0.39, 0.44, 0.20, 0.36, 0.29, 0.41, 0.33};
  const std::vector b = {0.33, 0.44, 0.15, 0.52, 0.25, 0.41, 0.44, 0.22, 0.37, 0.33, 0.40, 0.35};
  const Interval interval = ratio_of_means_interval(a, b, kSeed);
  EXPECT_NEAR(interval.low, 0.93478, 1e-3);
  EXPECT_NEAR(interval.high, 0.99537, 1e-3);
}

TEST(RatioOfMeansInterval, DrawsNumeratorsAndDenominatorsTogether) {
  const Interval interval =
      ratio_of_means_interval(std::vector{1.0, 4.0, 0.0}, std::vector{2.0, 8.0, 0.0}, kSeed);
  EXPECT_EQ(interval.low, 0.5);
  EXPECT_EQ(interval.high, 0.5);
}

TEST(RatioOfMeansInterval, RefusesWhatHasNoRatio) {
  const std::vector good = {1.0, 0.0};
  EXPECT_THROW(ratio_of_means_interval(good, std::vector{1.0}, kSeed), InvalidArgument);
  EXPECT_THROW(ratio_of_means_interval({}, {}, kSeed), InvalidArgument);
  EXPECT_THROW(ratio_of_means_interval(good, std::vector{0.0, 0.0}, kSeed), InvalidArgument);
  EXPECT_THROW(ratio_of_means_interval(good, std::vector{2.0, -1.0}, kSeed), InvalidArgument);
  EXPECT_THROW(ratio_of_means_interval(good, good, kSeed, 0), InvalidArgument);
}

TEST(ProportionInterval, EqualsSciPy) {
  // scipy.stats.binomtest(successes, trials).proportion_ci(method="wilson")
  struct Row {
    std::int64_t successes, trials;
    double low, high;
  };
  for (const Row& row :
       {Row{0, 10, 0.0, 0.27753279986288926}, Row{1, 10, 0.017876213095072896, 0.4041500267952385},
        Row{7, 10, 0.39677814746114526, 0.892208732593699}, Row{10, 10, 0.7224672001371109, 1.0},
        Row{87, 100, 0.7901964855992357, 0.9224283257275948},
        Row{19, 100, 0.12514751509768737, 0.27778845379064376},
        Row{4500, 10000, 0.4402703556086, 0.4597680442284677}}) {
    const Interval interval = proportion_interval(row.successes, row.trials);
    EXPECT_NEAR(interval.low, row.low, 1e-14) << row.successes << " of " << row.trials;
    EXPECT_NEAR(interval.high, row.high, 1e-14) << row.successes << " of " << row.trials;
  }
}

TEST(ProportionInterval, RefusesImpossibleCounts) {
  EXPECT_THROW(proportion_interval(0, 0), InvalidArgument);
  EXPECT_THROW(proportion_interval(-1, 10), InvalidArgument);
  EXPECT_THROW(proportion_interval(11, 10), InvalidArgument);
}

}  // namespace
}  // namespace hadal
