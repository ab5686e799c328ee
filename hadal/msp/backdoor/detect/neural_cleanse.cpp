#include "hadal/msp/backdoor/detect/neural_cleanse.h"

#include "hadal/msp/backdoor/poison/image_check.h"

#include <cmath>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

namespace hadal::msp {
namespace {

constexpr double kLearningRate = 0.1;  // as in the authors' code
// Theirs is 1e-3, and takes the first fifty steps to get here.
constexpr double kFirstCost = 1e-2;

/// From all numbers to (0, 1).
at::Tensor squashed(const at::Tensor& x) { return (x.tanh() + 1) / 2; }

}  // namespace

MaskedTrigger::MaskedTrigger(at::Tensor mask, at::Tensor pattern)
    : mask_(std::move(mask)), pattern_(std::move(pattern)) {}

at::Tensor MaskedTrigger::stamp(const at::Tensor& images) const {
  return images * (1 - mask_) + pattern_ * mask_;
}

NeuralCleanse::NeuralCleanse(const TriggerSearchOptions& options) : options_(options) {
  validate(options, "neural-cleanse");
}

Evidence NeuralCleanse::look(const Suspect& suspect) const {
  require_images("neural-cleanse", suspect.images);
  const std::int64_t classes = suspect.classes, channels = suspect.images.size(1);
  const std::int64_t height = suspect.images.size(2), width = suspect.images.size(3);
  const BatchStamp stamp = [](const std::vector<at::Tensor>& parameters, const at::Tensor& images) {
    const at::Tensor mask = squashed(parameters[0]), pattern = squashed(parameters[1]);
    const at::Tensor mixed = images.unsqueeze(0) * (1 - mask).unsqueeze(1);
    return StampedBatch{.images = mixed + (pattern * mask).unsqueeze(1),
                        .sizes = mask.flatten(1).sum(1),
                        .parts = {mask, pattern}};
  };
  const SmallestTriggers found = search_triggers(
      suspect,
      {at::zeros({classes, 1, height, width}), at::zeros({classes, channels, height, width})},
      stamp,
      {.learning = kLearningRate,
       .first_cost = kFirstCost,
       .largest = static_cast<double>(height * width)},
      options_);
  Evidence evidence;
  for (std::int64_t k = 0; k < classes; ++k) {
    const at::Tensor mask = found.parts[0][k], pattern = found.parts[1][k];
    const auto trigger = std::make_shared<MaskedTrigger>(mask, pattern);
    const double size = found.sizes[k].item<double>();
    evidence.scores.push_back(-std::log(size));
    evidence.triggers.push_back({.trigger = trigger,
                                 .size = size,
                                 .success = success_on(suspect, *trigger, k),
                                 .picture = mask * pattern});
  }
  return evidence;
}

}  // namespace hadal::msp
