// A LibTorch training loop with precision by layer, compressed activations and 8-bit optimizer
// state.
#include <iostream>
#include <string>

#include <hadal/hpts/autocast/autocast.h>
#include <hadal/hpts/monitor/monitor.h>
#include <hadal/hpts/optimizer/optimizer.h>
#include <hadal/hpts/policy/scheduler.h>
#include <hadal/hpts/policy/underflow.h>
#include <hadal/hpts/precision/history.h>
#include <torch/torch.h>

namespace hpts = hadal::hpts;
namespace nn = torch::nn;

int main(int argc, char** argv) {
  const int steps = argc > 1 ? std::stoi(argv[1]) : 200;
  torch::manual_seed(1);
  nn::Sequential model(nn::Conv2d(nn::Conv2dOptions(3, 16, 3).padding(1)), nn::BatchNorm2d(16),
                       nn::ReLU(), nn::Conv2d(nn::Conv2dOptions(16, 32, 3).stride(2).padding(1)),
                       nn::BatchNorm2d(32), nn::ReLU(), nn::AdaptiveAvgPool2d(1), nn::Flatten(),
                       nn::Linear(32, 2));

  const hpts::GradientMonitor monitor(*model);
  hpts::PrecisionScheduler scheduler(monitor.layers(), hpts::underflow_policy());
  hpts::Optimizer optimizer(hpts::parameter_groups(hpts::named_parameters(*model), 3e-3, 0.01),
                            hpts::AdamW{}, {.state = hpts::StateFormat::int8});
  const torch::Tensor pattern = 0.3 * torch::randn({1, 3, 32, 32});
  double first = 0, last = 0;
  for (int step = 0; step < steps; ++step) {
    const torch::Tensor labels = torch::randint(2, {64}, torch::kLong);
    const torch::Tensor images =
        torch::randn({64, 3, 32, 32}) + labels.view({-1, 1, 1, 1}) * pattern;
    const torch::Tensor loss = [&] {
      const hpts::Autocast autocast(*model, scheduler.plan());
      return torch::cross_entropy_loss(model->forward(images), labels);
    }();
    loss.backward();
    if (scheduler.is_due(step)) scheduler.observe(step, monitor.observe());
    optimizer.step();
    optimizer.zero_grad();
    last = loss.item<double>();
    if (step == 0) first = last;
  }
  std::cout << hpts::history_text(scheduler.history(), hpts::Precision::bf16) << "loss " << first
            << " -> " << last << '\n';
  return last < first ? 0 : 1;
}
