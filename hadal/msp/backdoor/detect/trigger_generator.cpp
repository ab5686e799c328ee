#include "hadal/msp/backdoor/detect/trigger_generator.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/msp/backdoor/poison/image_check.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

namespace hadal::msp {
namespace {

constexpr std::int64_t kNoise = 8;
constexpr std::int64_t kHidden = 64;
constexpr std::int64_t kDraws = 4;  // of noise for each class and batch
constexpr double kLearningRate = 0.02;
constexpr double kFirstCost = 1e-2;

at::Tensor normal(Random& random, at::IntArrayRef sizes, double deviation) {
  at::Tensor tensor = at::empty(sizes);
  float* values = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = static_cast<float>(deviation * random.normal());
  }
  return tensor;
}

/// From noise [draws, kNoise] to changes [classes, draws, pixels]: a layer for the noise, to which
/// each class adds its own, and one to pixels, likewise.
at::Tensor generate(const std::vector<at::Tensor>& parameters, const at::Tensor& noise) {
  const at::Tensor& of_noise = parameters[0];
  const at::Tensor& of_class = parameters[1];
  const at::Tensor hidden = (noise.matmul(of_noise).unsqueeze(0) + of_class.unsqueeze(1)).relu();
  return (hidden.matmul(parameters[2]) + parameters[3].unsqueeze(1)).tanh();
}

std::vector<at::Tensor> first_parameters(Random& random, std::int64_t classes,
                                         std::int64_t pixels) {
  return {normal(random, {kNoise, kHidden}, 1 / std::sqrt(kNoise)),
          normal(random, {classes, kHidden}, 1),
          // Changes begin small, so that they grow only where that helps.
          normal(random, {kHidden, pixels}, 1e-3), at::zeros({classes, pixels})};
}

}  // namespace

AddedTrigger::AddedTrigger(at::Tensor change) : change_(std::move(change)) {}

at::Tensor AddedTrigger::stamp(const at::Tensor& images) const {
  return (images + change_).clamp(0, 1);
}

TriggerGenerator::TriggerGenerator(const TriggerSearchOptions& options) : options_(options) {
  validate(options, "trigger-generator");
  if (options.batch % kDraws != 0) {
    throw InvalidArgument(concat("trigger-generator: expected a batch that is a multiple of ",
                                 kDraws, ", got ", options.batch));
  }
}

Evidence TriggerGenerator::look(const Suspect& suspect) const {
  require_images("trigger-generator", suspect.images);
  const std::int64_t classes = suspect.classes;
  const std::vector<std::int64_t> image = suspect.images.sizes().slice(1).vec();
  const std::int64_t pixels = suspect.images[0].numel();
  Random random(options_.seed, "trigger generator");
  const BatchStamp stamp = [&](const std::vector<at::Tensor>& parameters,
                               const at::Tensor& images) {
    const at::Tensor changes = generate(parameters, normal(random, {kDraws, kNoise}, 1));
    // Each draw is for its share of the images.
    const at::Tensor clean = images.view({1, kDraws, -1, pixels});
    const at::Tensor stamped = (clean + changes.unsqueeze(2)).clamp(0, 1);
    return StampedBatch{.images = stamped.view({classes, -1, image[0], image[1], image[2]}),
                        .sizes = (changes.square().sum(2) + 1e-12).sqrt().mean(1),
                        .parts = {changes.select(1, 0)}};
  };
  const SmallestTriggers found =
      search_triggers(suspect, first_parameters(random, classes, pixels), stamp,
                      {.learning = kLearningRate,
                       .first_cost = kFirstCost,
                       .largest = std::sqrt(static_cast<double>(pixels))},
                      options_);
  Evidence evidence;
  for (std::int64_t k = 0; k < classes; ++k) {
    const at::Tensor change = found.parts[0][k].view(image);
    const auto trigger = std::make_shared<AddedTrigger>(change);
    const double size = found.sizes[k].item<double>();
    evidence.scores.push_back(-std::log(size));
    const double strongest = std::max(1e-6, change.abs().max().item<double>());
    evidence.triggers.push_back({.trigger = trigger,
                                 .size = size,
                                 .success = success_on(suspect, *trigger, k),
                                 .picture = change / (2 * strongest) + 0.5});
  }
  return evidence;
}

}  // namespace hadal::msp
