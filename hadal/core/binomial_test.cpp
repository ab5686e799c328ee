#include "hadal/core/binomial.h"

#include "hadal/core/error.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace hadal {
namespace {

// Expected values: SciPy 1.17.1 (betainc, norm.ppf, beta.ppf and binomtest).

void expect_near(double got, double expected, double tolerance = 1e-10) {
  EXPECT_NEAR(got / expected, 1, tolerance) << "got " << got << ", expected " << expected;
}

TEST(Binomial, BetaDistributionEqualsSciPy) {
  expect_near(beta_distribution(0.3, 2, 5), 0.5798250000000003, 1e-13);
  expect_near(beta_distribution(0.999, 400, 3), 0.9920091780711771);
  expect_near(beta_distribution(0.501, 5e4, 5e4), 0.7364550617029552);
  expect_near(beta_distribution(1e-5, 0.5, 200), 0.05039768838848754);
  expect_near(beta_distribution(0.9, 1e-3, 2), 0.9999946344990698);
  EXPECT_EQ(beta_distribution(0, 2, 2), 0);
  EXPECT_EQ(beta_distribution(1, 2, 2), 1);
  EXPECT_THROW(beta_distribution(1.1, 2, 2), InvalidArgument);
  EXPECT_THROW(beta_distribution(0.5, 0, 2), InvalidArgument);
}

TEST(Binomial, NormalQuantileEqualsSciPy) {
  expect_near(normal_quantile(0.75), 0.6744897501960817, 1e-14);
  expect_near(normal_quantile(0.999), 3.090232306167813, 1e-13);
  expect_near(normal_quantile(1e-10), -6.361340902404056, 1e-13);
  expect_near(normal_quantile(0.0228), -1.99907721497177, 1e-13);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-15);
  EXPECT_EQ(normal_quantile(1), std::numeric_limits<double>::infinity());
  EXPECT_THROW(normal_quantile(-0.1), InvalidArgument);
}

TEST(Binomial, LowerBoundEqualsSciPy) {
  expect_near(proportion_lower_bound(10'000, 10'000, 0.001), 0.9993094630025899);
  expect_near(proportion_lower_bound(9'990, 10'000, 0.001), 0.9975883080325683);
  expect_near(proportion_lower_bound(5'100, 10'000, 0.001), 0.4944993067265927);
  expect_near(proportion_lower_bound(99, 100, 0.05), 0.9534401885464611);
  expect_near(proportion_lower_bound(1, 100, 0.001), 1.0004953285956376e-05);
  expect_near(proportion_lower_bound(99'999, 100'000, 0.001), 0.9999076696662654);
  EXPECT_EQ(proportion_lower_bound(0, 10, 0.01), 0);
  EXPECT_THROW(proportion_lower_bound(11, 10, 0.01), InvalidArgument);
  EXPECT_THROW(proportion_lower_bound(1, 10, 0), InvalidArgument);
}

// All successes: the bound is error^(1/n).
TEST(Binomial, LowerBoundOfAllSuccessesIsARoot) {
  expect_near(proportion_lower_bound(50, 50, 0.05), std::pow(0.05, 1.0 / 50), 1e-13);
}

TEST(Binomial, CoinEqualsSciPy) {
  EXPECT_EQ(fair_coin_p_value(50, 100), 1);
  expect_near(fair_coin_p_value(60, 100), 0.05688793364098089);
  expect_near(fair_coin_p_value(40, 100), 0.05688793364098089);
  expect_near(fair_coin_p_value(90, 100), 3.0632901754379845e-17);
  expect_near(fair_coin_p_value(7, 9), 0.1796875);
  EXPECT_THROW(fair_coin_p_value(1, 0), InvalidArgument);
}

TEST(Binomial, FairCoinTailIsThatOfExactFractions) {
  // By fractions: sums of binomial coefficients over 2^n.
  EXPECT_NEAR(log10_fair_coin_tail(0, 10), 0, 1e-12);
  EXPECT_NEAR(log10_fair_coin_tail(10, 10), std::log10(1.0 / 1024), 1e-12);
  EXPECT_NEAR(log10_fair_coin_tail(8, 10), std::log10(56.0 / 1024), 1e-12);
  EXPECT_NEAR(log10_fair_coin_tail(3, 10), std::log10(968.0 / 1024), 1e-12);
  // Python: log10(sum(comb(528, i) for i in range(k, 529)) / 2**528).
  EXPECT_NEAR(log10_fair_coin_tail(528, 528), -158.94383771058, 1e-9);
  EXPECT_NEAR(log10_fair_coin_tail(400, 528), -33.16669493387, 1e-9);
  EXPECT_NEAR(log10_fair_coin_tail(264, 528), -0.28621259531, 1e-9);
}

TEST(Binomial, FairCoinTailRefusesWhatIsNoCount) {
  EXPECT_THROW(log10_fair_coin_tail(-1, 10), InvalidArgument);
  EXPECT_THROW(log10_fair_coin_tail(11, 10), InvalidArgument);
  EXPECT_THROW(log10_fair_coin_tail(0, 0), InvalidArgument);
}

}  // namespace
}  // namespace hadal
