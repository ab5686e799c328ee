#include "hadal/bench/cases/cv/poisoned_models.h"
#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/roc.h"
#include "hadal/core/statistics.h"
#include "hadal/msp/backdoor/decide/calibration.h"
#include "hadal/msp/backdoor/detect/activation_clustering.h"
#include "hadal/msp/backdoor/detect/neural_cleanse.h"
#include "hadal/msp/backdoor/detect/spectral_signatures.h"
#include "hadal/msp/backdoor/detect/trigger_generator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ops/roll.h>

namespace hadal::bench::backdoor_zoo {
namespace {

// p < 0.05 then takes a score above those of all 38 calibration models: a clean model is called
// poisoned in one of 39 cases.
constexpr std::size_t kCalibration = 38;
constexpr std::size_t kClean = 20;
constexpr std::size_t kEach = 5;  // of each poisoning
constexpr double kLevel = 0.05;
constexpr std::size_t kDetectors = 4;
constexpr std::array<const char*, kDetectors> kNames = {
    "neural cleanse", "trigger generator", "activation clustering", "spectral signatures"};

/// What became of one model.
struct Judged {
  Poisoning poisoning = Poisoning::none;
  double accuracy = 0;
  double success = 0;
  std::array<std::vector<double>, kDetectors> scores;  // of each class
  double largest_index = 0;                            // the usual rule's, of neural cleanse
};

double largest_index(const msp::Evidence& evidence) {
  std::vector<double> sizes;
  for (const auto& trigger : evidence.triggers) sizes.push_back(trigger.size);
  return std::ranges::max(msp::anomaly_indices(sizes));
}

Judged judge(const ZooData& data, Poisoning poisoning, std::uint64_t index,
             const Context& context) {
  const ZooModel model = train_zoo_model(data, poisoning, index, context);
  const msp::Suspect suspect = model.suspect(data);
  const msp::TriggerSearchOptions search{.check_interrupt = context.check_interrupt};
  const msp::Evidence evidence = msp::NeuralCleanse(search).look(suspect);
  return {.poisoning = poisoning,
          .accuracy = model.accuracy,
          .success = model.success,
          .scores = {evidence.scores, msp::TriggerGenerator(search).look(suspect).scores,
                     msp::ActivationClustering().look(suspect).scores,
                     msp::SpectralSignatures().look(suspect).scores},
          .largest_index = largest_index(evidence)};
}

/// The scores of some detectors, one after the other.
std::vector<double> row_of(const Judged& model, std::initializer_list<std::size_t> detectors) {
  std::vector<double> row;
  for (const std::size_t i : detectors) {
    row.insert(row.end(), model.scores[i].begin(), model.scores[i].end());
  }
  return row;
}

struct Zoo {
  std::vector<Judged> calibration, clean, poisoned;
};

Zoo make_zoo(const ZooData& data, const Context& context) {
  Zoo zoo;
  std::uint64_t index = 0;
  for (std::size_t i = 0; i < kCalibration; ++i) {
    zoo.calibration.push_back(judge(data, Poisoning::none, index++, context));
  }
  for (std::size_t i = 0; i < kClean; ++i) {
    zoo.clean.push_back(judge(data, Poisoning::none, index++, context));
  }
  for (int kind = 1; kind <= kPoisonings; ++kind) {
    for (std::size_t i = 0; i < kEach; ++i) {
      zoo.poisoned.push_back(judge(data, static_cast<Poisoning>(kind), index++, context));
    }
  }
  return zoo;
}

/// Decisions about models by some detectors.
struct Decisions {
  std::vector<double> statistics;
  std::int64_t alarms = 0;  // p below kLevel
};

Decisions decide(const Zoo& zoo, const std::vector<Judged>& models,
                 std::initializer_list<std::size_t> detectors) {
  std::vector<std::vector<double>> calibration;
  for (const Judged& one : zoo.calibration) calibration.push_back(row_of(one, detectors));
  Decisions decisions;
  for (const Judged& model : models) {
    const auto decision = msp::decide_backdoor(calibration, row_of(model, detectors));
    decisions.statistics.push_back(decision.statistic);
    decisions.alarms += decision.p < kLevel ? 1 : 0;
  }
  return decisions;
}

RocArea area_of(const Zoo& zoo, std::initializer_list<std::size_t> detectors) {
  return roc_area(decide(zoo, zoo.poisoned, detectors).statistics,
                  decide(zoo, zoo.clean, detectors).statistics);
}

std::vector<double> indices_of(const std::vector<Judged>& models) {
  std::vector<double> indices;
  for (const Judged& model : models) indices.push_back(model.largest_index);
  return indices;
}

double percent(std::int64_t count, std::size_t of) {
  return 100.0 * static_cast<double>(count) / static_cast<double>(of);
}

void add_false_alarms(const Zoo& zoo, std::vector<Metric>& metrics) {
  const std::int64_t alarms = decide(zoo, zoo.clean, {0, 1}).alarms;
  metrics.push_back({"false alarms at p < 0.05", percent(alarms, kClean), "%"});
  metrics.push_back(
      {"false alarms at p < 0.05, high", 100 * proportion_interval(alarms, kClean).high, "%"});
  // All clean models, as the rule needs no calibration.
  std::vector<double> indices = indices_of(zoo.calibration);
  for (const double index : indices_of(zoo.clean)) indices.push_back(index);
  metrics.push_back(
      {"false alarms of index > 2",
       percent(std::ranges::count_if(indices, [](double x) { return x > msp::kAnomalyLimit; }),
               indices.size()),
       "%"});
}

void add_models(const Zoo& zoo, std::vector<Metric>& metrics) {
  std::vector<double> clean, poisoned;
  for (const Judged& model : zoo.clean) clean.push_back(model.accuracy);
  for (const Judged& model : zoo.poisoned) poisoned.push_back(model.accuracy);
  metrics.push_back({"accuracy of clean models", 100 * mean(clean), "%"});
  metrics.push_back({"accuracy of poisoned models", 100 * mean(poisoned), "%"});
  for (int kind = 1; kind <= kPoisonings; ++kind) {
    std::vector<Judged> models;
    std::vector<double> success;
    for (const Judged& model : zoo.poisoned) {
      if (model.poisoning != static_cast<Poisoning>(kind)) continue;
      models.push_back(model);
      success.push_back(100 * model.success);
    }
    const std::string name = name_of(static_cast<Poisoning>(kind));
    metrics.push_back({"attack success, " + name + ", least", std::ranges::min(success), "%"});
    metrics.push_back(
        {"found at p < 0.05, " + name, percent(decide(zoo, models, {0, 1}).alarms, kEach), "%"});
  }
}

Quality quality_of(const ZooData& data, const Context& context) {
  const Zoo zoo = make_zoo(data, context);
  const RocArea area = area_of(zoo, {0, 1});
  std::vector<Metric> metrics = {{"area, low", area.interval.low, ""},
                                 {"area, high", area.interval.high, ""}};
  add_false_alarms(zoo, metrics);
  for (std::size_t i = 0; i < kDetectors; ++i) {
    metrics.push_back({concat("area by ", kNames[i]), area_of(zoo, {i}).value, ""});
  }
  add_models(zoo, metrics);
  return {.baseline = roc_area(indices_of(zoo.poisoned), indices_of(zoo.clean)).value,
          .candidate = area.value,
          .metrics = std::move(metrics)};
}

/// The model as one whose only class is `k` of its classes.
msp::Suspect of_one_class(const msp::Suspect& suspect, std::int64_t k) {
  msp::Suspect one = suspect;
  one.classes = 1;
  one.classifier = [classifier = suspect.classifier, k](const at::Tensor& images) {
    return at::roll(classifier(images), -k, 1);
  };
  return one;
}

Workload prepare(const Context& context) {
  if (context.scale == Scale::quick) {
    throw Unsupported("a zoo of 78 networks is no quick run; --full trains it");
  }
  const auto data = std::make_shared<ZooData>(zoo_data(context));
  const msp::Suspect suspect =
      train_zoo_model(*data, Poisoning::patch, 1'000, context).suspect(*data);
  const msp::NeuralCleanse look({.steps = 20});
  return {
      .data = data_source(concat(data->images.description,
                                 "; 38 clean models to calibrate, 20 clean and 20 "
                                 "poisoned to judge, each on 4,000 images"),
                          data->generated, {data->images.train.images, data->images.test.images}),
      .quality = [=] { return quality_of(*data, context); },
      .baseline =
          [=] {
            for (std::int64_t k = 0; k < suspect.classes; ++k) {
              look.look(of_one_class(suspect, k));
            }
          },
      .candidate = [=] { look.look(suspect); }};
}

Case make_case() {
  return {.id = "cv/backdoor-zoo",
          .domain = Domain::cv,
          .module = "msp",
          .summary =
              "Telling networks with a backdoor (patch, blended, sinusoidal, clean label) from "
              "clean ones by the triggers that are found in them, without their training data; "
              "timed is a search of 20 steps in one network; with --full only",
          .baseline = "quality: the anomaly index of Neural Cleanse; time: one class at a time",
          .candidate = "msp::NeuralCleanse and msp::TriggerGenerator, calibrated on clean models",
          .gate = {.metric = "area under the ROC curve",
                   .bound = QualityResult::Bound::at_least,
                   .target = 0.95},
          .real_data = "cv/mnist",
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::backdoor_zoo
