#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/hpts/autocast/testing.h"

#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>

namespace hadal::hpts {
namespace {

using testing::plan_of;
using testing::relative_error;

struct Shape {
  std::vector<std::int64_t> sizes;
};

const std::vector<Shape> kShapes{{{4, 6, 5, 7}}, {{9, 67, 1, 1}}, {{2, 64, 9, 9}}, {{8, 3}},
                                 {{70, 256}},    {{2, 1, 3, 3}},  {{40, 2049}}};

/// What a training step of relu(batch_norm(x)) gives: output, gradients of x, weight and bias, and
/// running statistics.
struct Step {
  at::Tensor output, x, weight, bias, mean, variance;
};

template <class Norm>
Step step_of(Norm norm, const at::Tensor& input, const at::Tensor& grad) {
  const at::Tensor x = input.detach().requires_grad_();
  const at::Tensor y = at::relu(norm->forward(x));
  y.backward(grad.to(y.scalar_type()));
  return {y.detach(),        x.grad(),           norm->weight.grad(),
          norm->bias.grad(), norm->running_mean, norm->running_var};
}

template <class Norm>
void check(const Shape& shape, const PrecisionPlan& plan, double forward, double backward) {
  at::manual_seed(5);
  const std::int64_t channels = shape.sizes[1];
  const at::Tensor input = at::randn(shape.sizes) * 2 + 7;
  const at::Tensor grad = at::randn(shape.sizes);
  Norm norm(channels), exact(channels);
  {
    const at::NoGradGuard no_grad;
    exact->to(at::kDouble);
    exact->weight.uniform_(0.5, 1.5);
    exact->bias.uniform_(-0.5, 0.5);
    norm->weight.copy_(exact->weight);
    norm->bias.copy_(exact->bias);
  }
  const Step expected = step_of(exact, input.to(at::kDouble), grad.to(at::kDouble));
  const Step got = [&] {
    const Autocast autocast(*norm, plan);
    return step_of(norm, input, grad);
  }();
  const std::string text = concat(at::IntArrayRef(shape.sizes));
  EXPECT_EQ(got.weight.scalar_type(), at::kFloat);
  EXPECT_EQ(got.x.sizes(), input.sizes());
  EXPECT_LT(relative_error(got.output, expected.output), forward) << text;
  EXPECT_LT(relative_error(got.mean, expected.mean), forward) << text;
  EXPECT_LT(relative_error(got.variance, expected.variance), forward) << text;
  EXPECT_LT(relative_error(got.bias, expected.bias), backward) << text;
  EXPECT_LT(relative_error(got.weight, expected.weight), backward) << text;
  EXPECT_LT(relative_error(got.x, expected.x), backward) << text;
}

void check_all(const PrecisionPlan& plan, double forward, double backward) {
  for (const Isa isa : available_isas()) {
    const ScopedIsa scoped(isa);
    for (const Shape& shape : kShapes) {
      if (shape.sizes.size() == 2) {
        check<torch::nn::BatchNorm1d>(shape, plan, forward, backward);
      } else {
        check<torch::nn::BatchNorm2d>(shape, plan, forward, backward);
      }
    }
  }
}

TEST(AutocastNorm, InFp32KeptExactIsThatOfDoublePrecision) {
  check_all(plan_of(Precision::fp32, SavedFormat::exact), 2e-6, 1e-4);
}

// Values of deviation 2 around 7 are rounded to multiples of 1/32 by bf16, and so are masks of
// values near 0.
TEST(AutocastNorm, InBf16IsOffByItsRounding) {
  check_all(plan_of(Precision::bf16, SavedFormat::exact), 0.02, 0.25);
}

// A block spans up to 8 deviations: half a step is 8 / 510 = 1.6 % of one, a rounding error 0.9 %.
TEST(AutocastNorm, InBlocksIsOffByHalfASixtiethOfADeviation) {
  check_all(plan_of(Precision::fp32, SavedFormat::int8_blocks), 2e-6, 0.03);
}

TEST(AutocastNorm, IsTheSameOnAnyNumberOfThreadsAndTimes) {
  torch::nn::BatchNorm2d norm(48);
  const at::Tensor x = at::randn({8, 48, 20, 20});
  const at::Tensor grad = at::randn(x.sizes());
  std::vector<Step> steps;
  for (const int threads : {1, 2, 2}) {
    const int before = at::get_num_threads();
    at::set_num_threads(threads);
    norm->zero_grad();
    const Autocast autocast(*norm, plan_of(Precision::bf16, SavedFormat::int8_blocks));
    steps.push_back(step_of(norm, x, grad));
    at::set_num_threads(before);
  }
  for (const Step& step : steps) {
    EXPECT_TRUE(at::equal(step.x, steps[0].x));
    EXPECT_TRUE(at::equal(step.weight, steps[0].weight));
  }
}

TEST(AutocastNorm, EvaluatesAsAtenDoes) {
  torch::nn::BatchNorm2d norm(6);
  norm->eval();
  const at::Tensor x = at::randn({2, 6, 4, 4});
  const Autocast autocast(*norm, plan_of(Precision::fp32, SavedFormat::int8_blocks));
  EXPECT_LT(relative_error(norm->forward(x), x / std::sqrt(1 + 1e-5)), 1e-6);
}

TEST(AutocastNorm, RefusesGradientsOfGradients) {
  torch::nn::BatchNorm2d norm(6);
  const at::Tensor x = at::randn({2, 6, 4, 4}).requires_grad_();
  const at::Tensor y = [&] {
    const Autocast autocast(*norm, plan_of(Precision::fp32, SavedFormat::exact));
    return norm->forward(x).pow(2).sum();
  }();
  EXPECT_THROW(y.backward({}, /*retain_graph=*/true, /*create_graph=*/true), Unsupported);
  EXPECT_NO_THROW(y.backward());
}

TEST(AutocastRelu, InPlaceIsTheSame) {
  torch::nn::BatchNorm2d norm(6);
  const at::Tensor x = at::randn({2, 6, 20, 20}).requires_grad_();
  const at::Tensor weights = at::randn(x.sizes());
  std::vector<at::Tensor> grads;
  for (const bool in_place : {false, true}) {
    const Autocast autocast(*norm, plan_of(Precision::fp32, SavedFormat::int8_blocks));
    at::Tensor y = norm->forward(x);
    if (in_place) {
      y.relu_();
    } else {
      y = y.relu();
    }
    (y * y * weights).sum().backward();
    grads.push_back(x.grad().clone());
    x.mutable_grad().reset();
  }
  EXPECT_TRUE(at::equal(grads[0], grads[1]));
}

// Its gradient is then computed with the norm's, but not where another has seen the norm's output.
TEST(AutocastRelu, InPlaceMasksOnlyItsOwnGradient) {
  torch::nn::BatchNorm2d norm(6);
  const at::Tensor x = at::randn({2, 6, 20, 20}).requires_grad_();
  const at::Tensor weights = at::randn(x.sizes());
  std::vector<at::Tensor> grads;
  for (const bool in_place : {false, true}) {
    const Autocast autocast(*norm, plan_of(Precision::fp32, SavedFormat::int8_blocks));
    at::Tensor y = norm->forward(x);
    const at::Tensor also = y * 2;
    const at::Tensor rectified = in_place ? y.relu_() : y.relu();
    ((also + rectified) * weights).sum().backward();
    grads.push_back(x.grad().clone());
    x.mutable_grad().reset();
  }
  EXPECT_TRUE(at::equal(grads[0], grads[1]));
}

TEST(AutocastRelu, InPlaceLeavesHooksOfTheNormTheirGradient) {
  torch::nn::BatchNorm2d norm(6);
  const at::Tensor x = at::randn({2, 6, 20, 20}).requires_grad_();
  const at::Tensor weights = at::randn(x.sizes());
  std::vector<at::Tensor> seen;
  for (const bool in_place : {false, true}) {
    const Autocast autocast(*norm, plan_of(Precision::fp32, SavedFormat::exact));
    at::Tensor y = norm->forward(x);
    y.register_hook([&](const at::Tensor& grad) { seen.push_back(grad.clone()); });
    ((in_place ? y.relu_() : y.relu()) * weights).sum().backward();
  }
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(at::equal(seen[0], seen[1]));
}

TEST(AutocastRelu, InPlaceOnALeafIsRefusedAsEver) {
  torch::nn::BatchNorm2d norm(6);
  at::Tensor x = at::randn({2000}).requires_grad_();
  const Autocast autocast(*norm, {});
  EXPECT_THROW(x.relu_(), c10::Error);
}

}  // namespace
}  // namespace hadal::hpts
