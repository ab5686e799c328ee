#include "hadal/msp/search/search.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/models/batches.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>

namespace hadal::msp {
namespace {

/// The two halves of the training images.
struct Halves {
  data::LabelledImages learnt, judged;
};

Halves halves_of(const data::LabelledImages& train) {
  const std::int64_t half = train.images.size(0) / 2;
  const auto part = [&](std::int64_t begin) {
    return data::LabelledImages{train.images.narrow(0, begin, half),
                                train.labels.narrow(0, begin, half)};
  };
  return {part(0), part(half)};
}

void validate(const data::ImageSet& images, const SearchOptions& x) {
  const auto& train = images.train.images;
  if (train.dim() != 4 || train.size(1) != 1 || train.size(2) != train.size(3) ||
      train.size(2) % 4 != 0) {
    throw InvalidArgument("search: expected grey square images of a multiple of 4 pixels");
  }
  if (x.supernet_steps < 1 || x.probe_steps < 1 || x.judged_images < 1 ||
      x.steps.attack_steps < 1 || !(x.steps.epsilon > 0) || !(x.mixing_rate > 0)) {
    throw InvalidArgument("search: expected steps, images, an epsilon and a mixing rate above 0");
  }
}

/// Multiplications of a training step of a network that has `each` for an image: an attack's steps
/// forward and back to the image, and once forward, back to the image and back to the weights.
double step_cost(double each, const RobustSteps& steps) {
  return each * static_cast<double>(steps.batch) * (2.0 * steps.attack_steps + 3);
}

double supernet_multiplications(std::int64_t half) {
  double sum = 0;
  for (const Operation operation : kOperations) {
    Architecture same;
    same.fill(operation);
    sum += multiplications(same, SlotNetworkImpl::kChannels, half);
  }
  return sum;
}

}  // namespace

SearchResult search_by_gradient(const data::ImageSet& images, const SearchOptions& options) {
  validate(images, options);
  const Halves halves = halves_of(images.train);
  const RobustSteps& steps = options.steps;
  seed_aten(steps.seed);
  SlotNetwork network(images.classes, images.train.images.size(2));
  torch::optim::AdamW weights(network->parameters(),
                              torch::optim::AdamWOptions(steps.learning_rate));
  // Betas as in DARTS.
  torch::optim::Adam mixing({network->mixing()},
                            torch::optim::AdamOptions(options.mixing_rate).betas({0.5, 0.999}));
  models::Batches learnt(halves.learnt.images.size(0), steps.batch, steps.seed);
  models::Batches judged(halves.judged.images.size(0), steps.batch, steps.seed + 1);
  for (std::int64_t step = 0; step < options.supernet_steps; ++step) {
    steps.check_interrupt();
    const auto draw = static_cast<std::uint64_t>(2 * step);
    mixing.zero_grad();
    robust_loss(network, batch_of(halves.judged, judged.of_step(step)), steps, draw).backward();
    mixing.step();
    weights.zero_grad();
    robust_loss(network, batch_of(halves.learnt, learnt.of_step(step)), steps, draw + 1).backward();
    weights.step();
  }
  return {.architecture = network->strongest(),
          .multiplications =
              static_cast<double>(2 * options.supernet_steps) *
              step_cost(supernet_multiplications(images.train.images.size(2) / 2), steps)};
}

SearchResult search_at_random(const data::ImageSet& images, const SearchOptions& options,
                              double budget) {
  validate(images, options);
  const Halves halves = halves_of(images.train);
  const std::int64_t size = images.train.images.size(2);
  Random random(options.steps.seed, "random architectures");
  SearchResult result;
  double best = -1;
  while (true) {
    const Architecture architecture = random_architecture(random);
    const double each = multiplications(architecture, SlotNetworkImpl::kChannels, size / 2);
    const double cost = step_cost(each, options.steps) * static_cast<double>(options.probe_steps);
    if (result.candidates > 0 && result.multiplications + cost > budget) return result;
    seed_aten(options.steps.seed + static_cast<std::uint64_t>(result.candidates));
    SlotNetwork network(images.classes, size, architecture);
    train_robustly(network, halves.learnt, options.probe_steps, options.steps);
    const double robust =
        robust_accuracy(network, halves.judged, options.judged_images, options.steps);
    if (robust > best) {
      best = robust;
      result.architecture = architecture;
    }
    result.multiplications += cost;
    ++result.candidates;
  }
}

double judge_architecture(const data::ImageSet& images, const Architecture& architecture,
                          std::int64_t steps, const SearchOptions& options, std::uint64_t seed) {
  validate(images, options);
  RobustSteps how = options.steps;
  how.seed = seed;
  seed_aten(seed);
  SlotNetwork network(images.classes, images.train.images.size(2), architecture);
  train_robustly(network, images.train, steps, how);
  return robust_accuracy(network, images.test, options.judged_images, how);
}

}  // namespace hadal::msp
