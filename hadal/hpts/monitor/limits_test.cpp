#include "hadal/hpts/monitor/limits.h"

#include "hadal/core/random.h"

#include <bit>
#include <cmath>
#include <limits>

#include <ATen/core/Tensor.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

float number(std::int32_t bits) { return std::bit_cast<float>(bits); }

/// What rounding to `Format` makes of a number, as c10 rounds.
template <class Format>
bool becomes_zero(float x) {
  return static_cast<float>(Format(x)) == 0;
}
template <class Format>
bool becomes_normal(float x) {
  return std::abs(static_cast<float>(Format(x))) >=
         static_cast<float>(std::numeric_limits<Format>::min());
}

TEST(CountLimits, AreWhereRoundingChangesTheClassOfANumber) {
  const CountLimits limits = count_limits(1);
  EXPECT_FALSE(becomes_zero<c10::Half>(number(limits.fp16_nonzero)));
  EXPECT_TRUE(becomes_zero<c10::Half>(number(limits.fp16_nonzero - 1)));
  EXPECT_TRUE(becomes_normal<c10::Half>(number(limits.fp16_normal)));
  EXPECT_FALSE(becomes_normal<c10::Half>(number(limits.fp16_normal - 1)));
  EXPECT_TRUE(std::isinf(static_cast<float>(c10::Half(number(limits.fp16_overflow)))));
  EXPECT_FALSE(std::isinf(static_cast<float>(c10::Half(number(limits.fp16_overflow - 1)))));
  EXPECT_FALSE(becomes_zero<c10::BFloat16>(number(limits.bf16_nonzero)));
  EXPECT_TRUE(becomes_zero<c10::BFloat16>(number(limits.bf16_nonzero - 1)));
  EXPECT_TRUE(becomes_normal<c10::BFloat16>(number(limits.bf16_normal)));
  EXPECT_FALSE(becomes_normal<c10::BFloat16>(number(limits.bf16_normal - 1)));
}

TEST(CountLimits, DivideByTheFactor) {
  EXPECT_EQ(number(count_limits(0x1p16).fp16_overflow), 65'520.0F / 0x1p16F);
  EXPECT_EQ(number(count_limits(0x1p-8).fp16_normal), (0x1p-14F - 0x1p-25F) * 0x1p8F);
  // No power of 2: the first number whose exact product reaches the limit.
  const CountLimits limits = count_limits(3);
  EXPECT_GE(double{number(limits.fp16_overflow)} * 3, 65'520);
  EXPECT_LT(double{number(limits.fp16_overflow - 1)} * 3, 65'520);
}

TEST(CountLimits, StayWithinFp32ForEveryFactor) {
  for (const double factor : {1e-320, 1e-100, 1e100, 1e308, HUGE_VAL}) {
    const CountLimits limits = count_limits(factor);
    for (const std::int32_t limit : {limits.fp16_nonzero, limits.fp16_normal, limits.fp16_overflow,
                                     limits.bf16_nonzero, limits.bf16_normal}) {
      EXPECT_GE(limit, 1) << factor;
      EXPECT_LE(limit, 0x7f800000) << factor;
    }
  }
}

TEST(MagnitudeOf, IsTheNumberOfTheBits) {
  Random random(1);
  for (int i = 0; i < 1'000; ++i) {
    const auto bits = static_cast<std::int32_t>(random.below(0x7f800000));
    EXPECT_EQ(magnitude_of(bits), double{number(bits)});
  }
  EXPECT_EQ(magnitude_of(1), 0x1p-149);
  EXPECT_EQ(magnitude_of(0x7fffff), double{std::bit_cast<float>(0x7fffff)});
}

}  // namespace
}  // namespace hadal::hpts
