#pragma once

#include "hadal/core/error.h"

#include <cstdint>
#include <string>
#include <typeinfo>

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

/// What the tests of models share; never installed.
namespace hadal::models::testing {

inline std::int64_t parameter_count(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

/// The largest |a - b|, in fp64; NaN where either has one.
inline double max_difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

/// Gives every parameter of two dimensions or more a normal distribution of deviation `scale`, and
/// every other parameter and each buffer one around 1 that stays positive, so that no part of a
/// model is trivial, as batch norms and norms are when they are fresh.
inline void randomize(torch::nn::Module& module, double scale) {
  at::manual_seed(7);
  const c10::NoGradGuard no_grad;
  for (auto& parameter : module.parameters()) {
    if (parameter.dim() > 1) {
      parameter.normal_(0, scale);
    } else {
      parameter.uniform_(0.5, 1.5);
    }
  }
  for (auto& buffer : module.buffers()) {
    if (buffer.is_floating_point()) buffer.uniform_(0.5, 1.5);
  }
}

/// The text and hint of the E that `action` throws; a failed expectation where it throws no E.
template <class E = InvalidArgument, class Action>
std::string refusal_of(Action&& action) {
  try {
    action();
  } catch (const E& error) {
    return std::string(error.what()) + "\n" + error.hint();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception, " << typeid(error).name() << ": " << error.what();
    return "";
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

inline ::testing::AssertionResult contains(const std::string& text, const std::string& part) {
  if (text.find(part) != text.npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no \"" << part << "\" in \"" << text << '"';
}

}  // namespace hadal::models::testing
