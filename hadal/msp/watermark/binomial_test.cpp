#include "hadal/msp/watermark/binomial.h"

#include "hadal/core/error.h"

#include <cmath>

#include <gtest/gtest.h>

namespace hadal::msp::watermark {
namespace {

TEST(BinomialTail, IsThatOfExactFractions) {
  // By fractions: sums of binomial coefficients over 2^n.
  EXPECT_NEAR(log10_binomial_tail(0, 10), 0, 1e-12);
  EXPECT_NEAR(log10_binomial_tail(10, 10), std::log10(1.0 / 1024), 1e-12);
  EXPECT_NEAR(log10_binomial_tail(8, 10), std::log10(56.0 / 1024), 1e-12);
  EXPECT_NEAR(log10_binomial_tail(3, 10), std::log10(968.0 / 1024), 1e-12);
  // Python: log10(sum(comb(528, i) for i in range(k, 529)) / 2**528).
  EXPECT_NEAR(log10_binomial_tail(528, 528), -158.94383771058, 1e-9);
  EXPECT_NEAR(log10_binomial_tail(400, 528), -33.16669493387, 1e-9);
  EXPECT_NEAR(log10_binomial_tail(264, 528), -0.28621259531, 1e-9);
}

TEST(BinomialTail, RefusesWhatIsNoCount) {
  EXPECT_THROW(log10_binomial_tail(-1, 10), InvalidArgument);
  EXPECT_THROW(log10_binomial_tail(11, 10), InvalidArgument);
  EXPECT_THROW(log10_binomial_tail(0, 0), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp::watermark
