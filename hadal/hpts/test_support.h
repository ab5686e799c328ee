#pragma once

#include <vector>

#include <torch/nn/module.h>

/// What the tests of several folders share; never installed.
namespace hadal::hpts::testing {

inline std::vector<at::Tensor> gradients_of(const torch::nn::Module& module) {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : module.parameters()) gradients.push_back(parameter.grad());
  return gradients;
}

}  // namespace hadal::hpts::testing
