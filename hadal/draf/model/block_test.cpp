#include "hadal/draf/model/block.h"

#include "hadal/core/isa.h"

#include <string>
#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sigmoid.h>
#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

double distance(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

at::Tensor normalized(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  const at::Tensor wide = x.to(at::kDouble);
  return wide / ((wide * wide).mean(-1, true) + epsilon).sqrt() * weight.to(at::kDouble);
}

class BlockKernels : public ::testing::TestWithParam<std::tuple<Isa, at::ScalarType>> {
 protected:
  BlockKernels() : scope_(std::get<0>(GetParam())), type_(std::get<1>(GetParam())) {
    at::manual_seed(3);
  }
  /// Of numbers up to 4 or so, as the type rounds them.
  double tolerance() const { return type_ == at::kFloat ? 2e-6 : 0.02; }
  at::Tensor random(at::IntArrayRef sizes) const { return at::randn(sizes).to(type_); }

  ScopedIsa scope_;
  at::ScalarType type_;
};

TEST_P(BlockKernels, AddsAndNormalizesRows) {
  for (const std::int64_t dim : {1, 7, 64, 100}) {
    const at::Tensor before = at::randn({5, dim});
    const at::Tensor delta = random({5, dim});
    const Norm norm{at::rand({dim}) + 0.5, 1e-5F};
    at::Tensor stream = before.clone();
    const at::Tensor first = add_norm(stream, {}, norm, type_);
    EXPECT_TRUE(stream.equal(before));
    EXPECT_EQ(first.scalar_type(), type_);
    EXPECT_LT(distance(first, normalized(before, norm.weight, 1e-5)), tolerance());
    const at::Tensor second = add_norm(stream, delta, norm, type_);
    EXPECT_TRUE(stream.equal(before + delta.to(at::kFloat)));
    EXPECT_LT(distance(second, normalized(stream, norm.weight, 1e-5)), tolerance());
  }
}

TEST_P(BlockKernels, TurnHeadsAfterTheirNorm) {
  for (const std::int64_t half : {1, 4, 19, 32}) {
    const at::Tensor angle = at::rand({6, half}) * 6;
    const Angles angles{angle.cos(), angle.sin()};
    const at::Tensor weight = at::rand({2 * half}) + 0.5;
    for (const at::Tensor& norm : {at::Tensor(), weight}) {
      const at::Tensor x = random({6, 3 * 2 * half});
      at::Tensor heads = x.to(at::kDouble).view({6, 3, 2 * half});
      if (norm.defined()) heads = normalized(heads, norm, 1e-5);
      const auto parts = heads.chunk(2, -1);
      const at::Tensor c = angles.cosine.to(at::kDouble).unsqueeze(1);
      const at::Tensor s = angles.sine.to(at::kDouble).unsqueeze(1);
      const at::Tensor expected =
          at::cat({parts[0] * c - parts[1] * s, parts[1] * c + parts[0] * s}, -1);
      at::Tensor turned = x.clone();
      turn(turned, angles, norm, 1e-5F);
      EXPECT_LT(distance(turned, expected.view(x.sizes())), tolerance());
    }
  }
}

TEST_P(BlockKernels, GateAtEverySize) {
  const at::Tensor x =
      at::cat({at::arange(-110, 110, 0.37), at::randn({6})}).to(type_).view({1, -1});
  const at::Tensor up = random(x.sizes());
  at::Tensor gated = x.clone();
  gate(gated, up);
  const at::Tensor wide = x.to(at::kDouble);
  const at::Tensor expected = wide * at::sigmoid(wide) * up.to(at::kDouble);
  const at::Tensor error = (gated.to(at::kDouble) - expected).abs() / (expected.abs() + 1);
  EXPECT_LT(error.max().item<double>(), type_ == at::kFloat ? 1e-6 : 4e-3);
}

std::string name_of_case(const ::testing::TestParamInfo<BlockKernels::ParamType>& info) {
  const bool is_bf16 = std::get<1>(info.param) == at::kBFloat16;
  return std::string(name_of(std::get<0>(info.param))) + (is_bf16 ? "_of_bf16" : "_of_fp32");
}

INSTANTIATE_TEST_SUITE_P(, BlockKernels,
                         ::testing::Combine(::testing::ValuesIn(available_isas()),
                                            ::testing::Values(at::kFloat, at::kBFloat16)),
                         name_of_case);

}  // namespace
}  // namespace hadal::draf
