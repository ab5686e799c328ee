#include "hadal/hpts/optimizer/gradients.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/hpts/optimizer/test_support.h"

#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/utils/clip_grad.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using testing::leaf;
using testing::max_difference;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

at::Tensor with_gradient(const at::Tensor& gradient) {
  at::Tensor parameter = leaf(at::zeros(gradient.sizes(), gradient.options()));
  parameter.mutable_grad() = gradient.clone();
  return parameter;
}

/// fp32 and bf16 gradients of all lengths of the last block, and a parameter without.
std::vector<at::Tensor> some_parameters() {
  at::manual_seed(8);
  return {with_gradient(at::randn({300, 111})),
          with_gradient(at::randn({70'000}).to(at::kBFloat16)),
          with_gradient(at::randn({1})),
          with_gradient(at::randn({256})),
          leaf(at::zeros({3})),
          with_gradient(at::randn({2, 3, 5, 7}).contiguous(at::MemoryFormat::ChannelsLast))};
}

double exact_square_sum(const std::vector<at::Tensor>& parameters) {
  double sum = 0;
  for (const auto& parameter : parameters) {
    if (!parameter.grad().defined()) continue;
    sum += parameter.grad().to(at::kDouble).square().sum().item<double>();
  }
  return sum;
}

TEST(ClipGradientNorm, ReturnsTheNormToFp64AndScalesToTheLimit) {
  for (const Isa level : available_isas()) {
    const ScopedIsa isa(level);
    const auto parameters = some_parameters(), before = some_parameters();
    const double norm = std::sqrt(exact_square_sum(parameters));
    EXPECT_NEAR(clip_gradient_norm(parameters, 2), norm, 1e-12 * norm) << name_of(level);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const at::Tensor& gradient = parameters[i].grad();
      if (!gradient.defined()) continue;
      const at::Tensor expected = before[i].grad().to(at::kDouble) * (2 / norm);
      const double step = gradient.scalar_type() == at::kFloat ? 1e-6 : 1.0 / 256;
      EXPECT_LT(((gradient - expected).abs() / expected.abs()).max().item<double>(), step);
    }
    EXPECT_NEAR(std::sqrt(square_sum(parameters)), 2, 1e-4);
  }
}

TEST(ClipGradientNorm, ScalesFp32AsTorchDoes) {
  auto parameters = some_parameters(), reference = some_parameters();
  // Torch adds up bf16 in bf16.
  parameters[1].mutable_grad() = reference[1].mutable_grad() = at::Tensor();
  const double norm = torch::nn::utils::clip_grad_norm_(reference, 1e-4);
  EXPECT_NEAR(clip_gradient_norm(parameters, 1e-4), norm, 1e-5 * norm);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].grad().defined()) continue;
    EXPECT_TRUE(at::allclose(parameters[i].grad(), reference[i].grad(), 1e-5, 0)) << i;
  }
}

TEST(ClipGradientNorm, LeavesGradientsBelowTheNorm) {
  const auto parameters = some_parameters(), before = some_parameters();
  clip_gradient_norm(parameters, 1e6);
  EXPECT_EQ(square_sum(parameters), square_sum(before));
}

TEST(ClipGradientNorm, IsTheSameForAnyNumberOfThreads) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const double one = square_sum(some_parameters());
  at::set_num_threads(2);
  EXPECT_EQ(square_sum(some_parameters()), one);
  at::set_num_threads(threads);
}

TEST(ClipGradientNorm, ThrowsOrLeavesWhatIsNotFinite) {
  for (const float bad : {kInfinity, -kInfinity, NAN}) {
    for (const auto type : {at::kFloat, at::kBFloat16}) {
      at::Tensor gradient = at::ones({1000}, type);
      gradient[999] = bad;
      const at::Tensor parameter = with_gradient(gradient);
      EXPECT_NE(
          error_of<Error>([&] { clip_gradient_norm({parameter}, 1); }).find("norm of the grad"),
          std::string::npos);
      EXPECT_FALSE(std::isfinite(clip_gradient_norm({parameter}, 1, NonFinite::leave)));
      EXPECT_EQ(parameter.grad()[0].item<float>(), 1);
    }
  }
}

TEST(ClipGradientNorm, DoesNotTakeLargeFiniteGradientsForInfinite) {
  const at::Tensor parameter = with_gradient(at::full({8}, 3e38F));
  EXPECT_NEAR(clip_gradient_norm({parameter}, 1), std::sqrt(8.0) * 3e38, 1e33);
  EXPECT_NEAR(parameter.grad()[0].item<float>(), 1 / std::sqrt(8.0), 1e-6);
}

TEST(ScaleGradients, MultipliesAndReturnsTheSumOfSquaresBefore) {
  const auto parameters = some_parameters(), before = some_parameters();
  EXPECT_NEAR(scale_gradients(parameters, 0.5) / exact_square_sum(before), 1, 1e-12);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].grad().defined()) continue;
    EXPECT_EQ(max_difference(parameters[i].grad(), before[i].grad() * 0.5), 0) << i;
  }
}

TEST(ScaleGradients, RoundsBf16ToNearestEven) {
  const at::Tensor values = at::tensor({1.0F, 1.0078125F, 3.0F, -1.0078125F}).to(at::kBFloat16);
  const at::Tensor parameter = with_gradient(values);
  scale_gradients({parameter}, 1.5);
  EXPECT_EQ(max_difference(parameter.grad(), values * 1.5), 0);
}

TEST(ClipGradientValue, LimitsEachElementAndKeepsNaN) {
  const at::Tensor parameter = with_gradient(at::tensor({-3.0F, -0.5F, 0.5F, kInfinity, NAN}));
  clip_gradient_value({parameter}, 1);
  const at::Tensor gradient = parameter.grad();
  EXPECT_EQ(gradient[0].item<float>(), -1);
  EXPECT_EQ(gradient[1].item<float>(), -0.5);
  EXPECT_EQ(gradient[2].item<float>(), 0.5);
  EXPECT_EQ(gradient[3].item<float>(), 1);
  EXPECT_TRUE(std::isnan(gradient[4].item<float>()));
}

TEST(ClipGradients, RefuseLimitsAndGradientsThatTheyCannotUse) {
  const at::Tensor parameter = with_gradient(at::ones({2}));
  EXPECT_THROW(clip_gradient_norm({parameter}, 0), InvalidArgument);
  EXPECT_THROW(clip_gradient_norm({parameter}, NAN), InvalidArgument);
  EXPECT_THROW(clip_gradient_value({parameter}, -1), InvalidArgument);
  at::Tensor doubles = leaf(at::zeros({2}, at::kDouble));
  doubles.mutable_grad() = at::zeros({2}, at::kDouble);
  EXPECT_NE(error_of<InvalidArgument>([&] { square_sum({doubles}); }).find("got Double [2]"),
            std::string::npos);
}

}  // namespace
}  // namespace hadal::hpts
