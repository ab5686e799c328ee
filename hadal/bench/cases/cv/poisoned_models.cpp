#include "hadal/bench/cases/cv/poisoned_models.h"

#include "hadal/bench/cases/cv/hardening.h"
#include "hadal/core/random.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/hpts/train/image_input.h"
#include "hadal/models/train.h"
#include "hadal/msp/backdoor/poison/blended.h"
#include "hadal/msp/backdoor/poison/clean_label.h"
#include "hadal/msp/backdoor/poison/patch.h"
#include "hadal/msp/backdoor/poison/poison.h"
#include "hadal/msp/backdoor/poison/sinusoidal.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randperm.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kClasses = 10;
constexpr std::int64_t kSide = 28;
constexpr std::int64_t kForSuspects = 256;  // of the test images
constexpr std::int64_t kForRepair = 1'000;  // of the training images, the last
constexpr int kEpochs = 4;

at::Tensor network_images(const at::Tensor& images) {
  return hpts::network_input(images, 1, kSide);
}

std::shared_ptr<const msp::Trigger> draw_trigger(Poisoning poisoning, Random& random) {
  switch (poisoning) {
    case Poisoning::blended:
      return std::make_shared<msp::BlendedTrigger>(
          msp::BlendedOptions{.share = 0.2, .seed = random.next()});
    case Poisoning::sinusoidal:
      return std::make_shared<msp::SinusoidalTrigger>(
          msp::SinusoidalOptions{.amplitude = 0.16,
                                 .periods = static_cast<double>(random.between(4, 8)),
                                 .phase = random.uniform(0, 2 * std::numbers::pi)});
    case Poisoning::patch:
    case Poisoning::clean_label: {
      const std::int64_t side = 3;
      return std::make_shared<msp::PatchTrigger>(
          msp::PatchOptions{.side = side,
                            .top = random.between(0, 1) * (kSide - side - 2) + 1,
                            .left = random.between(0, 1) * (kSide - side - 2) + 1,
                            .seed = random.next()});
    }
    case Poisoning::none:
      break;
  }
  return nullptr;
}

models::GlyphCnn train_network(const data::LabelledImages& set, std::uint64_t seed,
                               const Context& context) {
  seed_aten(seed);
  models::GlyphCnn network(kClasses);
  models::train_classifier(
      *network,
      [&](const at::Tensor& indices) {
        return network->forward(network_images(set.images.index_select(0, indices)));
      },
      set.labels,
      {.epochs = kEpochs,
       .batch = 64,
       .learning_rate = 3e-3,
       .seed = seed,
       .check_interrupt = context.check_interrupt});
  network->eval();
  for (at::Tensor& parameter : network->parameters()) parameter.requires_grad_(false);
  return network;
}

msp::Classifier classifier_of(models::GlyphCnn network) {
  return [network](const at::Tensor& images) mutable {
    return network->forward(network_images(images));
  };
}

data::LabelledImages poisoned(const data::LabelledImages& clean, Poisoning poisoning,
                              const ZooModel& model, std::uint64_t seed, const Context& context) {
  const msp::PoisonOptions options{.rate = 0.05, .target = model.target, .seed = seed};
  switch (poisoning) {
    case Poisoning::none:
      return clean;
    case Poisoning::patch:
    case Poisoning::blended:
      return msp::poison_with_label(clean, *model.trigger, options).set;
    case Poisoning::sinusoidal:
      return msp::poison_target_class(clean, *model.trigger,
                                      {.rate = 0.5, .target = model.target, .seed = seed})
          .set;
    case Poisoning::clean_label:
      break;
  }
  const msp::Classifier surrogate = classifier_of(train_network(clean, seed + 1, context));
  return msp::poison_clean_label(
             clean, *model.trigger, surrogate,
             {.poison = {.rate = 0.5, .target = model.target, .seed = seed}, .epsilon = 0.3})
      .set;
}

}  // namespace

const char* name_of(Poisoning poisoning) {
  switch (poisoning) {
    case Poisoning::none:
      return "none";
    case Poisoning::patch:
      return "patch";
    case Poisoning::blended:
      return "blended";
    case Poisoning::sinusoidal:
      return "sinusoidal";
    case Poisoning::clean_label:
      return "clean label";
  }
  return "";
}

ZooData zoo_data(const Context& context) {
  if (auto real = real_images(context, "mnist", 0)) {
    return {.images = std::move(real->images), .generated = false};
  }
  return {.images = generated_digits(context, 30'000).images};
}

ZooModel train_zoo_model(const ZooData& data, Poisoning poisoning, std::uint64_t index,
                         const Context& context) {
  Random random(context.seed, "backdoor zoo", index);
  const std::uint64_t seed = random.next() >> 1;
  ZooModel model{.trigger = draw_trigger(poisoning, random),
                 .target = static_cast<std::int64_t>(index % kClasses)};
  seed_aten(seed);
  const data::LabelledImages& all = data.images.train;
  const at::Tensor rows = at::randperm(all.images.size(0) - kForRepair).narrow(0, 0, data.training);
  const data::LabelledImages clean{.images = all.images.index_select(0, rows),
                                   .labels = all.labels.index_select(0, rows)};
  model.training = poisoned(clean, poisoning, model, seed, context);
  model.network = train_network(model.training, seed, context);
  const data::LabelledImages test = zoo_test(data);
  model.accuracy = accuracy_of(model.classifier(), test.images, test.labels);
  if (model.trigger) {
    model.success = msp::attack_success(model.classifier(), test.images, test.labels,
                                        *model.trigger, model.target);
  }
  return model;
}

msp::Classifier ZooModel::classifier() const { return classifier_of(network); }

msp::Suspect ZooModel::suspect(const ZooData& data) const {
  const at::NoGradGuard no_grad;
  models::GlyphCnn own = network;
  std::vector<at::Tensor> features;
  for (const at::Tensor& batch : training.images.split(500)) {
    features.push_back(own->features(network_images(batch)));
  }
  return {.classifier = classifier(),
          .classes = kClasses,
          .images = data.images.test.images.narrow(0, 0, kForSuspects).to(at::kFloat).div_(255),
          .training_features = at::cat(features),
          .training_labels = training.labels};
}

data::LabelledImages zoo_test(const ZooData& data) {
  const data::LabelledImages& test = data.images.test;
  const std::int64_t rest = std::min<std::int64_t>(test.images.size(0) - kForSuspects, 1'000);
  return {.images = test.images.narrow(0, kForSuspects, rest).to(at::kFloat).div_(255),
          .labels = test.labels.narrow(0, kForSuspects, rest)};
}

data::LabelledImages zoo_repair(const ZooData& data) {
  const data::LabelledImages& all = data.images.train;
  const std::int64_t begin = all.images.size(0) - kForRepair;
  return {.images = all.images.narrow(0, begin, kForRepair).to(at::kFloat).div_(255),
          .labels = all.labels.narrow(0, begin, kForRepair)};
}

}  // namespace hadal::bench
