#include "hadal/msp/defend/weight_average.h"

#include "hadal/models/state.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <torch/nn/module.h>

namespace hadal::msp {

void average_weights(torch::nn::Module& average, const torch::nn::Module& model, double decay,
                     std::int64_t step) {
  const at::NoGradGuard no_grad;
  const auto k = static_cast<double>(step);
  const double kept = std::min(decay, (1 + k) / (10 + k));
  const auto newest = models::state(model);
  for (auto& [name, tensor] : models::state(average)) {
    at::Tensor(tensor).lerp_(newest.at(name), 1 - kept);
  }
}

}  // namespace hadal::msp
