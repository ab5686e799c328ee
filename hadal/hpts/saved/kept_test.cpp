#include "hadal/hpts/saved/kept.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/core/memory.h"
#include "hadal/hpts/saved/dispatch.h"

#include <cmath>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/threshold_backward.h>
#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

at::Tensor restored(const at::Tensor& x, SavedFormat format) {
  return keep_values(x, format)->restore(x.scalar_type());
}

/// What the blocks of x may be off by: half a step, and what rounding to x's type adds.
at::Tensor bound_of(const at::Tensor& x) {
  const double rounding = x.scalar_type() == at::kBFloat16 ? 1.0 / 256 : 1e-6;
  at::Tensor result = at::empty({x.numel()}, at::kDouble);
  for (std::int64_t begin = 0; begin < x.numel(); begin += kBlockValues) {
    const std::int64_t count = std::min(kBlockValues, x.numel() - begin);
    const at::Tensor block = x.narrow(0, begin, count).to(at::kDouble);
    const double range = (block.max() - block.min()).item<double>();
    const double largest = block.abs().max().item<double>();
    result.narrow(0, begin, count).fill_(range / 510 + rounding * largest);
  }
  return result;
}

class KeptValuesOf : public ::testing::TestWithParam<std::tuple<Isa, at::ScalarType>> {
 protected:
  void SetUp() override { at::manual_seed(3); }
  ScopedIsa isa_{std::get<0>(GetParam())};
  at::ScalarType type_ = std::get<1>(GetParam());
};

TEST_P(KeptValuesOf, BlocksAreOffByHalfAStepAtMost) {
  for (const std::int64_t size : {1, 2, 63, 255, 256, 257, 1000, 70'001}) {
    for (const double scale : {1e-12, 1.0, 1e12}) {
      const at::Tensor x = (at::randn({size}) * scale + scale * 0.3).to(type_);
      const at::Tensor error =
          (restored(x, SavedFormat::int8_blocks).to(at::kDouble) - x.to(at::kDouble)).abs();
      EXPECT_TRUE((error <= bound_of(x)).all().item<bool>()) << size << " " << scale;
    }
  }
}

TEST_P(KeptValuesOf, ZerosAndConstantsComeBackAsTheyAre) {
  const at::Tensor rectified = at::randn({5000}).relu().to(type_);
  const at::Tensor back = restored(rectified, SavedFormat::int8_blocks);
  EXPECT_TRUE((back.masked_select(rectified == 0) == 0).all().item<bool>());
  const at::Tensor constant = at::full({700}, -3.25, type_);
  EXPECT_TRUE(at::equal(restored(constant, SavedFormat::int8_blocks), constant));
}

// Sums over many values, which gradients of weights are, see the errors' mean: it has to be far
// below a single error.
TEST_P(KeptValuesOf, ErrorsOfManyBlocksCancel) {
  const at::Tensor x = at::randn({1 << 20}).to(type_);
  for (const at::Tensor& values : {x, x.relu()}) {
    const at::Tensor error =
        restored(values, SavedFormat::int8_blocks).to(at::kDouble) - values.to(at::kDouble);
    const double deviation = error.pow(2).mean().sqrt().item<double>();
    EXPECT_LT(deviation, 0.01);
    EXPECT_LT(std::abs(error.mean().item<double>()), 0.02 * deviation);
    const double with_values = (error * values).mean().item<double>();
    EXPECT_LT(std::abs(with_values), 1e-4);
  }
}

TEST_P(KeptValuesOf, WhatIsNotFiniteStaysSo) {
  for (const float value :
       {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
        std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::quiet_NaN()}) {
    at::Tensor x = at::randn({600}).to(type_);
    x[300] = value;
    const at::Tensor back = restored(x, SavedFormat::int8_blocks);
    EXPECT_FALSE(std::isfinite(back[300].item<double>()));
    EXPECT_TRUE(back.narrow(0, 0, 256).isfinite().all().item<bool>());
    EXPECT_TRUE(back.narrow(0, 512, 88).isfinite().all().item<bool>());
  }
}

TEST_P(KeptValuesOf, OtherFormatsAreExactOrRoundOnce) {
  const at::Tensor x = at::randn({3, 5, 7}).to(type_);
  EXPECT_TRUE(at::equal(restored(x, SavedFormat::exact), x.flatten()));
  EXPECT_TRUE(at::equal(restored(x, SavedFormat::bf16), x.to(at::kBFloat16).to(type_).flatten()));
}

TEST_P(KeptValuesOf, PiecesAreThoseOfTheWhole) {
  const at::Tensor x = at::randn({3000}).to(type_);
  for (const auto format : {SavedFormat::exact, SavedFormat::bf16, SavedFormat::int8_blocks}) {
    const auto kept = keep_values(x, format);
    const at::Tensor whole = kept->restore(at::kFloat);
    at::Tensor piece = at::empty({440}, at::kFloat);
    kept->restore_piece(512, 440, at::kFloat, piece.mutable_data_ptr());
    EXPECT_TRUE(at::equal(piece, whole.narrow(0, 512, 440)));
  }
}

TEST_P(KeptValuesOf, ReluKeepsABitAValue) {
  const Kernels& kernels = kernels_for(type_);
  for (const std::int64_t size : {1, 63, 64, 65, 200}) {
    at::Tensor x = at::randn({size}).to(type_);
    x[0] = std::numeric_limits<float>::quiet_NaN();
    if (size > 2) x[1] = -0.0;
    if (size > 2) x[2] = -std::numeric_limits<float>::quiet_NaN();
    at::Tensor y = at::empty_like(x);
    std::vector<std::uint64_t> bits(static_cast<std::size_t>(size + 63) / 64);
    kernels.relu(x.const_data_ptr(), size, y.mutable_data_ptr(), bits.data());
    EXPECT_TRUE(at::allclose(y, at::relu(x), 0, 0, /*equal_nan=*/true)) << size;
    const at::Tensor grad = at::randn({size}).to(type_);
    at::Tensor back = at::empty_like(x);
    kernels.relu_grad(grad.const_data_ptr(), bits.data(), size, back.mutable_data_ptr());
    EXPECT_TRUE(at::equal(back, at::threshold_backward(grad, at::relu(x), 0))) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(All, KeptValuesOf,
                         ::testing::Combine(::testing::ValuesIn(available_isas()),
                                            ::testing::Values(at::kFloat, at::kBFloat16)),
                         [](const auto& info) {
                           return std::string(name_of(std::get<0>(info.param))) + "_" +
                                  c10::toString(std::get<1>(info.param));
                         });

TEST(KeptBlocks, TakeAByteAValueAndEightABlock) {
  const at::Tensor x = at::randn({10'000});
  const MemoryMeter memory;
  const auto kept = keep_values(x, SavedFormat::int8_blocks);
  EXPECT_EQ(memory.current_bytes(), 10'000 + 8 * ((10'000 + 255) / 256));
}

TEST(KeptIntegers, TakeTheNarrowestTypeWithoutLoss) {
  for (const auto& [most, bytes] :
       {std::pair{std::int64_t{32'767}, 2}, {32'768, 4}, {std::int64_t{1} << 31, 8}}) {
    at::Tensor x = at::arange(1000, at::kLong);
    x[7] = most;
    const MemoryMeter memory;
    const KeptIntegers kept(x);
    EXPECT_EQ(memory.current_bytes(), bytes == 8 ? 0 : 1000 * bytes);
    EXPECT_TRUE(at::equal(kept.restore(at::kLong), x));
  }
}

TEST(KeptNorm, ComputesTheNormAgain) {
  const at::Tensor x = at::randn({40, 6});
  const at::Tensor scale = at::randn({6});
  const at::Tensor shift = at::randn({6});
  const auto norm =
      std::make_shared<KeptNorm>(keep_values(x, SavedFormat::exact), scale, shift, false);
  const at::Tensor expected = x * scale + shift;
  EXPECT_TRUE(at::allclose(norm->restore(at::kFloat).view({40, 6}), expected, 1e-6, 1e-6));
  EXPECT_TRUE(at::allclose(norm->with_relu()->restore(at::kFloat).view({40, 6}), expected.relu(),
                           1e-6, 1e-6));
}

TEST(KeptValues, RefuseWhatWasWrittenTo) {
  const at::Tensor x = at::randn({100});
  const auto kept = keep_values(x, SavedFormat::exact);
  const KeptCast cast(x, at::MemoryFormat::Preserve);
  EXPECT_TRUE(at::equal(cast.restore(at::kBFloat16), x.to(at::kBFloat16)));
  x.add_(1);
  EXPECT_THROW(kept->restore(at::kFloat), InvalidArgument);
  EXPECT_THROW(cast.restore(at::kBFloat16), InvalidArgument);
}

}  // namespace
}  // namespace hadal::hpts
