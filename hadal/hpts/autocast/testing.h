#pragma once

#include "hadal/hpts/autocast/autocast.h"
#include "hadal/hpts/test_support.h"

#include <vector>

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

/// What the tests of training memory share; never installed.
namespace hadal::hpts::testing {

inline PrecisionPlan plan_of(Precision compute, SavedFormat saved) {
  return {.otherwise = {compute, saved}};
}

/// |a - b| / |b|, in fp64.
inline double relative_error(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor exact = b.to(at::kDouble);
  return ((a.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

/// Output, and gradients of the input and of each parameter.
template <class Module>
std::vector<at::Tensor> step_of(Module& module, const at::Tensor& input) {
  module->zero_grad();
  const at::Tensor x = input.detach().requires_grad_();
  const at::Tensor y = module->forward(x);
  (y.to(at::kDouble) * y.to(at::kDouble)).sum().backward();
  std::vector<at::Tensor> result = gradients_of(*module);
  result.push_back(x.grad());
  result.push_back(y.detach());
  return result;
}

template <class Module>
std::vector<at::Tensor> step_in(const PrecisionPlan& plan, Module& module, const at::Tensor& x) {
  const Autocast autocast(*module, plan);
  return step_of(module, x);
}

inline void expect_near(const std::vector<at::Tensor>& got, const std::vector<at::Tensor>& expected,
                        double tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].sizes(), expected[i].sizes()) << i;
    EXPECT_LT(relative_error(got[i], expected[i]), tolerance) << i;
  }
}

}  // namespace hadal::hpts::testing
