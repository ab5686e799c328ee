#include "hadal/models/rotary.h"

#include "hadal/models/test_support.h"

#include <cmath>

#include <ATen/ops/empty_like.h>

namespace hadal::models {
namespace {

using testing::max_difference;

/// Each pair of elements turned by its angle, by the formula, in fp64.
at::Tensor turned(const at::Tensor& input, double theta) {
  const at::Tensor x = input.to(at::kDouble).contiguous();
  at::Tensor y = at::empty_like(x);
  const std::int64_t length = x.size(-2), dim = x.size(-1), half = dim / 2;
  const std::int64_t rows = x.numel() / dim;
  for (std::int64_t row = 0; row < rows; ++row) {
    const double* from = x.const_data_ptr<double>() + row * dim;
    double* to = y.mutable_data_ptr<double>() + row * dim;
    for (std::int64_t i = 0; i < half; ++i) {
      const double angle =
          static_cast<double>(row % length) *
          std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
      to[i] = from[i] * std::cos(angle) - from[i + half] * std::sin(angle);
      to[i + half] = from[i + half] * std::cos(angle) + from[i] * std::sin(angle);
    }
  }
  return y;
}

TEST(Rotary, TurnsPairsByTheFormula) {
  for (const double theta : {10000.0, 500000.0, 7.0}) {
    const at::Tensor x = at::randn({2, 3, 40, 10}, at::kDouble);
    const Rotary rotary(0, 40, 10, theta, at::kDouble, at::kCPU);
    EXPECT_LT(max_difference(rotary(x), turned(x, theta)), 1e-12) << theta;
  }
}

TEST(Rotary, StartsAtAPosition) {
  const at::Tensor x = at::randn({2, 40, 10});
  const Rotary whole(0, 40, 10, 10000.0, at::kFloat, at::kCPU);
  const Rotary end(33, 7, 10, 10000.0, at::kFloat, at::kCPU);
  EXPECT_EQ(max_difference(end(x.slice(1, 33)), whole(x).slice(1, 33)), 0);
}

TEST(Rotary, StaysCloseInFp32OverALongSequence) {
  const at::Tensor x = at::randn({1, 4096, 64});
  const at::Tensor y = Rotary(0, 4096, 64, 10000.0, at::kFloat, at::kCPU)(x);
  EXPECT_EQ(y.scalar_type(), at::kFloat);
  // An angle of up to 4,095, rounded to fp32, is off by up to 1.2e-4, after its factor by as much
  // again; the elements are below 5.
  EXPECT_LT(max_difference(y, turned(x, 10000.0)), 2.5e-3);
  EXPECT_LT(max_difference(y.slice(1, 0, 128), turned(x.slice(1, 0, 128), 10000.0)), 1e-4);
}

TEST(Rotary, ComputesBf16InFp32AndRoundsOnce) {
  const at::Tensor x = at::randn({2, 256, 16}).to(at::kBFloat16);
  const at::Tensor y = Rotary(0, 256, 16, 10000.0, at::kBFloat16, at::kCPU)(x);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  const at::Tensor in_fp32 = Rotary(0, 256, 16, 10000.0, at::kFloat, at::kCPU)(x.to(at::kFloat));
  EXPECT_EQ(max_difference(y, in_fp32.to(at::kBFloat16)), 0);
}

}  // namespace
}  // namespace hadal::models
