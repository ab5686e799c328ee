#include "hadal/bench/cases/cv/hardening.h"

#include "hadal/bench/cases/input.h"
#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/core/random.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/hpts/train/image_input.h"
#include "hadal/hpts/train/image_network.h"
#include "hadal/hpts/train/run.h"
#include "hadal/models/train.h"

#include <algorithm>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <torch/nn/module.h>

namespace hadal::bench {
namespace {

constexpr const char* kModel = "small-cnn";
constexpr std::int64_t kBatch = 128;
constexpr std::int64_t kTestDigits = 2'000;

hpts::TrainConfig config_of(const HardeningPlan& plan, std::uint64_t seed) {
  hpts::TrainConfig config;
  config.seed = seed;
  config.batch = kBatch;
  config.steps = plan.steps;
  config.clip_norm = 1.0;
  config.rule = hpts::AdamW{};
  config.schedule.peak = plan.learning_rate;
  config.warm_up = 0.05;
  config.precision.policy = detected_isa() >= Isa::avx512_bf16 ? hpts::TrainConfig::Policy::bf16
                                                               : hpts::TrainConfig::Policy::fp32;
  config.precision.saved = hpts::SavedFormat::exact;
  return config;
}

}  // namespace

std::optional<HardeningData> real_images(const Context& context, const std::string& name,
                                         double epsilon) {
  if (!context.find("cv/" + name)) return std::nullopt;
  return HardeningData{.images = data::load_image_set(name, context.data, context.seed),
                       .generated = false,
                       .epsilon = epsilon};
}

HardeningData generated_digits(const Context& context, std::int64_t count) {
  return {.images = {.train = data::generate_glyphs(count, context.seed),
                     .test = data::generate_glyphs(kTestDigits, context.seed + 1),
                     .description =
                         concat("generated digits, ", count, " images, tested on ", kTestDigits)}};
}

Hardening::Hardening(const HardeningData& data, const HardeningPlan& plan, const Context& context)
    : check_interrupt_(context.check_interrupt) {
  seed_aten(context.seed);
  task_ = std::make_unique<msp::AdversarialTask>(
      msp::HardenOptions{.method = plan.method,
                         .threat = {.epsilon = plan.margin * data.epsilon},
                         .steps = plan.attack_steps,
                         .step_size = 2.0 / plan.attack_steps,
                         .warm_up = plan.steps / 5},
      hpts::ImageTaskOptions{.model = kModel}, data.images);
  run_ = std::make_unique<hpts::TrainingRun>(
      config_of(plan, context.seed), *task_,
      init_process_group({.rendezvous = {.rank = 0, .world_size = 1}}));
}

Hardening::~Hardening() = default;

void Hardening::step() { run_->advance(); }

void Hardening::finish() {
  while (run_->step() < run_->steps()) {
    check_interrupt_();
    step();
  }
}

msp::Classifier train_plainly(const HardeningData& data, std::int64_t steps,
                              const Context& context) {
  seed_aten(context.seed);
  const hpts::ImageNetwork network = hpts::make_image_network(kModel, data.images.classes);
  const auto classify = [network](const at::Tensor& images) {
    return network.forward(hpts::network_input(images, network.channels, network.size));
  };
  const data::LabelledImages& train = data.images.train;
  const std::int64_t epoch = std::max<std::int64_t>(1, train.images.size(0) / kBatch);
  models::train_classifier(
      *network.module,
      [&](const at::Tensor& indices) { return classify(train.images.index_select(0, indices)); },
      train.labels,
      {.epochs = static_cast<int>(std::max<std::int64_t>(1, steps / epoch)),
       .batch = kBatch,
       .seed = context.seed,
       .check_interrupt = context.check_interrupt});
  network.module->eval();
  return classify;
}

double accuracy_of(const msp::Classifier& classifier, const at::Tensor& images,
                   const at::Tensor& labels) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> logits;
  for (const at::Tensor& batch : images.split(250)) logits.push_back(classifier(batch));
  return accuracy(at::cat(logits), labels);
}

}  // namespace hadal::bench
