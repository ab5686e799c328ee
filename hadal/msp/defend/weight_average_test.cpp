#include "hadal/msp/defend/weight_average.h"

#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>

namespace hadal::msp {
namespace {

double weight_after(double decay, std::int64_t step) {
  torch::nn::Linear average(1, 1), model(1, 1);
  const at::NoGradGuard no_grad;
  average->weight.fill_(2);
  model->weight.fill_(10);
  average_weights(*average, *model, decay, step);
  return average->weight.item<double>();
}

TEST(WeightAverage, ForgetsTheFirstStepsSoon) {
  EXPECT_FLOAT_EQ(weight_after(0.99, 0), 0.1 * 2 + 0.9 * 10);
  EXPECT_FLOAT_EQ(weight_after(0.99, 8), 0.5 * 2 + 0.5 * 10);
  EXPECT_FLOAT_EQ(weight_after(0.75, 1'000), 0.75 * 2 + 0.25 * 10);
}

}  // namespace
}  // namespace hadal::msp
