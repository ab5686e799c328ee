#include "hadal/bench/cases/cv/resnet_training.h"
#include "hadal/bench/cases/fast_bf16.h"
#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"

#include <memory>

namespace hadal::bench::train_step_resnet50 {
namespace {

ResNetTrainingOptions options_of(const Context& context) {
  if (context.scale == Scale::quick) return {.batch = 4, .size = 96, .seed = context.seed};
  return {.batch = 8, .seed = context.seed};
}

/// Of `options`, with Hadal's optimizer.
ResNetTrainingOptions with_hadal(ResNetTrainingOptions options) {
  options.state = hpts::StateFormat::bf16;
  options.step_in_backward = true;
  return options;
}

/// The loss after a few steps on one batch.
double final_loss(const ResNetTrainingOptions& options, const ResNetTraining::Forward& forward) {
  constexpr int kSteps = 8;
  ResNetTraining training(options);
  double loss = 0;
  for (int i = 0; i < kSteps; ++i) loss = training.step(forward);
  return loss;
}

Workload prepare(const Context& context) {
  require_fast_bf16(context);
  const ResNetTrainingOptions options = options_of(context);
  const auto training = std::make_shared<ResNetTraining>(options);
  const auto hadal_training = std::make_shared<ResNetTraining>(with_hadal(options));
  training->step(forward_fp32);  // so that gradients and momentum are there
  return {.data = data_source(concat("ResNet-50, ", options.batch, " generated images of ",
                                     options.size, "x", options.size),
                              true, {training->images()}),
          .quality =
              [options] {
                return Quality{.baseline = final_loss(options, forward_fp32),
                               .candidate = final_loss(with_hadal(options), forward_hadal())};
              },
          .baseline = [training] { training->step(forward_fp32); },
          .candidate = [hadal_training] { hadal_training->step(forward_hadal()); }};
}

Case make_case() {
  return {.id = "cv/train-step-resnet50",
          .domain = Domain::cv,
          .module = "hpts",
          .version = 2,
          .summary =
              "A training step of ResNet-50 with SGD on 8 images of 224x224 (4 of 96x96 in "
              "a quick run): fp32 against bf16 with compressed activations",
          .baseline = "LibTorch in fp32, channels-last, torch::optim::SGD",
          .candidate =
              "hpts::Autocast to bf16, kept in int8 blocks, hpts::Sgd with its momentum "
              "in bf16, in the backward pass",
          .gate = {.metric = "loss after 8 steps",
                   .bound = QualityResult::Bound::at_most,
                   .target = 7,
                   .most_relative_loss = 0.1},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::train_step_resnet50
