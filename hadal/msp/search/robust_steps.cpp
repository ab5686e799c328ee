#include "hadal/msp/search/robust_steps.h"

#include "hadal/models/batches.h"
#include "hadal/models/schedule.h"
#include "hadal/msp/attack/loss.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/attack/problem.h"
#include "hadal/msp/defend/ascent.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <torch/optim/adamw.h>

namespace hadal::msp {
namespace {

constexpr int kTestSteps = 20;

Classifier classifier_of(SlotNetwork& network) {
  return [network](const at::Tensor& images) mutable { return network->forward(images); };
}

}  // namespace

data::LabelledImages batch_of(const data::LabelledImages& images, const at::Tensor& indices) {
  return {images.images.index_select(0, indices).to(at::kFloat).div(255.0),
          images.labels.index_select(0, indices)};
}

at::Tensor robust_loss(SlotNetwork& network, const data::LabelledImages& batch,
                       const RobustSteps& options, std::uint64_t draw) {
  const auto& [images, labels] = batch;
  const Classifier classifier = classifier_of(network);
  Problem::Source source{classifier, options.seed ^ (draw << 20U)};
  const Problem problem(source, {.epsilon = options.epsilon}, images, {.labels = labels},
                        at::arange(images.size(0)));
  const at::Tensor points = ascend(
      problem, [&](const at::Tensor& logits) { return cross_entropy(logits, labels); },
      options.attack_steps, 2 * options.epsilon / options.attack_steps);
  return cross_entropy(network->forward(points), labels).mean();
}

void train_robustly(SlotNetwork& network, const data::LabelledImages& images, std::int64_t steps,
                    const RobustSteps& options) {
  models::Batches batches(images.images.size(0), options.batch, options.seed);
  const models::Schedule schedule{
      .peak = options.learning_rate, .warm_up = steps / 20, .steps = steps};
  torch::optim::AdamW optimizer(network->parameters(),
                                torch::optim::AdamWOptions(options.learning_rate));
  for (std::int64_t step = 0; step < steps; ++step) {
    options.check_interrupt();
    optimizer.param_groups()[0].options().set_lr(schedule.at(step));
    optimizer.zero_grad();
    robust_loss(network, batch_of(images, batches.of_step(step)), options,
                static_cast<std::uint64_t>(step))
        .backward();
    optimizer.step();
  }
}

double robust_accuracy(SlotNetwork& network, const data::LabelledImages& images, std::int64_t count,
                       const RobustSteps& options) {
  const auto [inputs, labels] =
      batch_of(images, at::arange(std::min(count, images.images.size(0))));
  const Pgd pgd({.threat = {.epsilon = options.epsilon},
                 .steps = kTestSteps,
                 .step_size = options.epsilon / 8});
  const at::Tensor broken =
      pgd.run(classifier_of(network), inputs, {.labels = labels},
              {.seed = options.seed, .check_interrupt = options.check_interrupt})
          .success;
  return 1 - broken.to(at::kDouble).mean().item<double>();
}

}  // namespace hadal::msp
