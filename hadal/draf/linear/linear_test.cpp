#include "hadal/draf/linear/linear.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/draf/linear/quantized.h"
#include "hadal/testing/error_of.h"

#include <cstdint>
#include <limits>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using hadal::testing::error_of;

struct Case {
  std::int64_t rows, inputs, outputs;
};

// Tiles of 1 to 4 rows, panels that are full and not, one block of the depth and several, x that is
// kept whole and not, rows that are worked on at once and more.
constexpr Case kCases[] = {{1, 32, 1},      {1, 2080, 50},   {2, 96, 23},    {3, 1056, 24},
                           {4, 64, 130},    {5, 1024, 25},   {7, 160, 17},   {66, 1056, 40},
                           {130, 1120, 26}, {17, 1120, 330}, {530, 1056, 70}};
constexpr WeightFormat kFormats[] = {WeightFormat::fp32, WeightFormat::bf16, WeightFormat::int8,
                                     WeightFormat::int4};

at::ScalarType activations(WeightFormat format) {
  return format == WeightFormat::fp32 ? at::kFloat : at::kBFloat16;
}

at::Tensor random(at::IntArrayRef shape, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return at::randn(shape, generator, at::kFloat);
}

double largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

/// What activations are rounded to for quantized weights.
at::Tensor rounded_in_blocks(const at::Tensor& x) {
  const at::Tensor blocks = x.to(at::kDouble).reshape({x.size(0), -1, 32});
  const at::Tensor scale = blocks.abs().amax(-1, true) / 127;
  return ((blocks / scale.clamp_min(1e-30)).round() * scale).reshape(x.sizes());
}

class EachIsa : public ::testing::TestWithParam<Isa> {
 protected:
  ScopedIsa isa_{GetParam()};
};

TEST_P(EachIsa, StoredWeightsGiveTheProductOfTheirNumbers) {
  for (const auto& [rows, inputs, outputs] : kCases) {
    for (const WeightFormat format : {WeightFormat::fp32, WeightFormat::bf16}) {
      const at::ScalarType type = activations(format);
      const at::Tensor x = random({rows, inputs}, 1).to(type);
      const at::Tensor weight = random({outputs, inputs}, 2).to(type);
      const at::Tensor bias = random({outputs}, 3);
      const at::Tensor y = (*make_linear(weight, bias, format))(x);
      const at::Tensor wanted =
          at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t()) + bias.to(at::kDouble);
      EXPECT_EQ(y.scalar_type(), type);
      const double bound = (format == WeightFormat::fp32 ? 2e-6 : 4e-3) * largest(wanted) + 1e-5;
      EXPECT_LE(largest(y.to(at::kDouble) - wanted), bound)
          << rows << " " << inputs << " " << outputs;
    }
  }
}

TEST_P(EachIsa, QuantizedWeightsGiveTheProductOfWhatTheirCodesStandFor) {
  for (const auto& [rows, inputs, outputs] : kCases) {
    for (const WeightFormat format : {WeightFormat::int8, WeightFormat::int4}) {
      const at::Tensor x = random({rows, inputs}, 1).to(at::kBFloat16);
      const at::Tensor bias = random({outputs}, 3);
      const QuantizedLinear linear(random({outputs, inputs}, 2), bias, format);
      const at::Tensor wanted =
          at::matmul(rounded_in_blocks(x), linear.weight().to(at::kDouble).t()) + bias;
      const double miss = largest(linear(x).to(at::kDouble) - wanted);
      // bf16 rounds the result, and a code may lie between two.
      EXPECT_LE(miss, 6e-3 * largest(wanted) + 0.05) << rows << " " << inputs << " " << outputs;
    }
  }
}

TEST_P(EachIsa, ARowHasTheSameBitsAloneAndInAnyBatch) {
  for (const WeightFormat format : kFormats) {
    const at::Tensor x = random({130, 1120}, 1).to(activations(format));
    const auto linear = make_linear(random({50, 1120}, 2), {}, format);
    const at::Tensor together = (*linear)(x);
    for (const std::int64_t rows : {1, 2, 3, 4, 5, 7, 8, 17, 64, 65}) {
      EXPECT_TRUE(at::equal((*linear)(x.narrow(0, 3, rows)), together.narrow(0, 3, rows)))
          << static_cast<int>(format) << " " << rows;
    }
  }
}

TEST_P(EachIsa, WhatIsNotFiniteReachesItsRowAndNoOther) {
  for (const WeightFormat format : kFormats) {
    for (const std::int64_t rows : {6, 70}) {
      const at::Tensor x = random({rows, 64}, 1).to(activations(format));
      const auto linear = make_linear(random({20, 64}, 2), {}, format);
      const at::Tensor before = (*linear)(x);
      for (const float poison :
           {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        x[2][40] = poison;
        const at::Tensor after = (*linear)(x);
        EXPECT_FALSE(at::isfinite(after[2]).any().item<bool>());
        EXPECT_TRUE(at::equal(after.narrow(0, 3, rows - 3), before.narrow(0, 3, rows - 3)));
        EXPECT_TRUE(at::equal(after.narrow(0, 0, 2), before.narrow(0, 0, 2)));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Linear, EachIsa, ::testing::ValuesIn(available_isas()),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(Linear, GivesTheSameBitsForAnyNumberOfThreads) {
  const int threads = at::get_num_threads();
  for (const WeightFormat format : kFormats) {
    const auto linear = make_linear(random({2000, 1120}, 2), {}, format);
    for (const std::int64_t rows : {3, 70}) {
      const at::Tensor x = random({rows, 1120}, 1).to(activations(format));
      const at::Tensor y = (*linear)(x);
      at::set_num_threads(1);
      EXPECT_TRUE(at::equal((*linear)(x), y));
      at::set_num_threads(threads);
    }
  }
}

TEST(Linear, UsesStoredWeightsWhereTheyAre) {
  for (const WeightFormat format : {WeightFormat::fp32, WeightFormat::bf16}) {
    const at::Tensor weight = at::zeros({8, 64}, activations(format));
    const auto linear = make_linear(weight, {}, format);
    weight.fill_(1);
    const at::Tensor y = (*linear)(at::ones({1, 64}, activations(format)));
    EXPECT_TRUE(at::equal(y, at::full_like(y, 64)));
  }
}

// Of a normal distribution: the best uniform 16-level quantizer by block leaves near 7 % in RMS.
TEST(Linear, QuantizedWeightsAreNearTheOriginal) {
  const at::Tensor weight = random({64, 1024}, 2);
  const auto error = [&](WeightFormat format) {
    const at::Tensor miss = QuantizedLinear(weight, {}, format).weight() - weight;
    return (miss.square().mean() / weight.square().mean()).sqrt().item<double>();
  };
  EXPECT_LT(error(WeightFormat::int4), 0.085);
  EXPECT_GT(error(WeightFormat::int4), 0.05);
  EXPECT_LT(error(WeightFormat::int8), 0.01);
}

TEST(Linear, KeepsTheEndsOfTheCodes) {
  const at::Tensor weight = at::zeros({1, 64}, at::kFloat);
  weight[0][0] = -8;
  weight[0][1] = 7;
  weight[0][40] = 3;
  EXPECT_TRUE(at::equal(QuantizedLinear(weight, {}, WeightFormat::int4).weight().narrow(1, 0, 32),
                        weight.narrow(1, 0, 32)));
}

TEST(Linear, TellsWhatItsWeightsTake) {
  const at::Tensor weight = random({64, 1024}, 2);
  const auto bytes = [&](WeightFormat format) { return make_linear(weight, {}, format)->bytes(); };
  EXPECT_EQ(bytes(WeightFormat::fp32), 64 * 1024 * 4);
  EXPECT_EQ(bytes(WeightFormat::bf16), 64 * 1024 * 2);
  EXPECT_EQ(bytes(WeightFormat::int8), 64 * 1024 + 64 * 4);
  EXPECT_EQ(bytes(WeightFormat::int4), 64 * 1024 * 9 / 16);
}

TEST(Linear, RefusesWhatItCannotTake) {
  const at::Tensor weight = random({8, 40}, 2);
  const auto make = [](const at::Tensor& w, const at::Tensor& b, WeightFormat format) {
    return [=] { make_linear(w, b, format); };
  };
  EXPECT_EQ(error_of<InvalidArgument>(make(weight, {}, WeightFormat::int4)),
            "weights in 4 or 8 bits take inputs in blocks of 32, and 40 is no multiple of it");
  EXPECT_EQ(error_of<InvalidArgument>(make(weight, random({7}, 3), WeightFormat::fp32)),
            "the bias of a linear layer of 8 outputs is [8], not [7]");
  EXPECT_NE(error_of<InvalidArgument>(make(weight[0], {}, WeightFormat::fp32)), "no error");
  const at::Tensor infinite = at::full({8, 64}, std::numeric_limits<float>::infinity());
  EXPECT_EQ(error_of<InvalidArgument>(make(infinite, {}, WeightFormat::int8)),
            "a weight is not finite, and has no 4- or 8-bit code");
  const auto linear = make_linear(weight, {}, WeightFormat::fp32);
  for (const at::Tensor& x : {random({3, 41}, 1), random({40}, 1), random({40, 3}, 1).t(),
                              random({3, 40}, 1).to(at::kBFloat16)}) {
    EXPECT_NE(error_of<InvalidArgument>([&] { (*linear)(x); }), "no error");
  }
}

}  // namespace
}  // namespace hadal::draf
