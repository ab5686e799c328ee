#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/core/statistics.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/hpts/train/image_task.h"
#include "hadal/hpts/train/run.h"

#include <array>
#include <cmath>
#include <memory>

namespace hadal::bench::train_accuracy_resnet20 {
namespace {

constexpr std::uint64_t kSeeds = 3;
constexpr double kStudent = 4.303;  // of kSeeds - 1 degrees of freedom, 95 %, both sides
constexpr std::int64_t kGlyphs = 8'000;
constexpr std::int64_t kTestGlyphs = 4'000;

data::ImageSet images_of(const Context& context) {
  if (context.find("cv/fashion-mnist")) {
    return data::load_image_set("fashion-mnist", context.data, context.seed);
  }
  return {.train = data::generate_glyphs(kGlyphs, context.seed),
          .test = data::generate_glyphs(kTestGlyphs, context.seed + 1),
          .description = concat("generated digits, ", kGlyphs, " images, tested on ", kTestGlyphs)};
}

/// How both sides train; they differ in precision alone.
hpts::TrainConfig config_of() {
  hpts::TrainConfig config;
  config.batch = 64;
  config.steps = 1'500;
  config.rule = hpts::Sgd{.momentum = 0.9, .nesterov = true};
  config.weight_decay = 5e-4;
  config.schedule.peak = 0.1;
  config.warm_up = 0.1;
  config.precision.policy = hpts::TrainConfig::Policy::fp32;
  return config;
}

/// As the default policy says, and with the optimizer's state in a byte a value.
hpts::TrainConfig in_hybrid_precision(hpts::TrainConfig config) {
  config.precision.policy = hpts::TrainConfig::Policy::underflow;
  config.optimizer.state = hpts::StateFormat::int8;
  return config;
}

/// A model in training. Of one seed they begin with the same weights and see the same batches.
class Training {
 public:
  Training(const std::string& model, const data::ImageSet& images, hpts::TrainConfig config,
           std::uint64_t seed) {
    config.seed = seed;
    seed_aten(seed);
    task_ = hpts::make_image_task({.model = model, .label_smoothing = 0.1}, images);
    run_ = std::make_unique<hpts::TrainingRun>(
        config, *task_, init_process_group({.rendezvous = {.rank = 0, .world_size = 1}}));
  }

  void step() { run_->advance(); }
  /// Of the test images, once the training is over.
  double accuracy(const std::function<void()>& check_interrupt) {
    while (run_->step() < run_->steps()) {
      check_interrupt();
      run_->advance();
    }
    return task_->score().value;
  }

 private:
  std::unique_ptr<hpts::Task> task_;
  std::unique_ptr<hpts::TrainingRun> run_;
};

Quality quality_of(const std::string& model, const data::ImageSet& images, const Context& context) {
  std::vector<double> fp32, hybrid;
  for (std::uint64_t i = 0; i < kSeeds; ++i) {
    const auto accuracy_of = [&](const hpts::TrainConfig& config) {
      return Training(model, images, config, context.seed + i).accuracy(context.check_interrupt);
    };
    fp32.push_back(accuracy_of(config_of()));
    hybrid.push_back(accuracy_of(in_hybrid_precision(config_of())));
  }
  const std::vector<double> ratios = paired_ratios(hybrid, fp32);
  const double ratio = mean(ratios);
  double squares = 0;
  for (const double one : ratios) squares += (one - ratio) * (one - ratio);
  const double margin = kStudent * std::sqrt(squares / (kSeeds - 1.0) / kSeeds);
  return {.baseline = mean(fp32),
          .candidate = mean(hybrid),
          .metrics = {{"accuracy of that in FP32", 100 * ratio, "%"},
                      {"accuracy of that in FP32, low", 100 * (ratio - margin), "%"},
                      {"accuracy of that in FP32, high", 100 * (ratio + margin), "%"}}};
}

Workload prepare(const Context& context) {
  if (context.scale == Scale::quick) {
    throw Unsupported("six trainings are no quick run; --full does them");
  }
  const std::string model = "resnet20";
  const data::ImageSet images = images_of(context);
  const auto timed = [&](const hpts::TrainConfig& config) {
    return std::make_shared<Training>(model, images, config, context.seed);
  };
  const auto fp32 = timed(config_of());
  const auto hybrid = timed(in_hybrid_precision(config_of()));
  return {.data = data_source(concat(model, ", ", images.description, ", ", kSeeds,
                                     " trainings of ", config_of().steps, " batches of 64"),
                              !context.find("cv/fashion-mnist"),
                              {images.train.images, images.test.images, images.test.labels}),
          .quality = [=] { return quality_of(model, images, context); },
          .baseline = [fp32] { fp32->step(); },
          .candidate = [hybrid] { hybrid->step(); }};
}

Case make_case() {
  return {.id = "cv/train-accuracy-resnet20",
          .domain = Domain::cv,
          .module = "hpts",
          .summary =
              "Accuracy of a ResNet-20 after training in FP32 and as the default policy of hybrid "
              "precision says, three seeds each, and time of a step; with --full only",
          .baseline = "fp32",
          .candidate = "hpts::TrainingRun, policy underflow, momentum in int8",
          .gate = {.metric = "accuracy",
                   .bound = QualityResult::Bound::at_least,
                   .target = 0.9,
                   .target_on_real = 0.8,
                   .most_relative_loss = 0.003},
          .real_data = "cv/fashion-mnist",
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::train_accuracy_resnet20
