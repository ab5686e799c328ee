#include "hadal/bench/cases/cv/hardening.h"
#include "hadal/bench/cases/cv/poisoned_models.h"
#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/statistics.h"
#include "hadal/models/state.h"
#include "hadal/msp/backdoor/decide/calibration.h"
#include "hadal/msp/backdoor/detect/neural_cleanse.h"
#include "hadal/msp/backdoor/detect/trigger_generator.h"
#include "hadal/msp/backdoor/poison/poison.h"
#include "hadal/msp/backdoor/remove/unlearn.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace hadal::bench::backdoor_removal {
namespace {

using Triggers = std::vector<std::shared_ptr<const msp::Trigger>>;

/// The triggers of every class, as nobody has said which one is the target.
Triggers found_in(const ZooModel& model, const ZooData& data, const Context& context) {
  const msp::Suspect suspect = model.suspect(data);
  const msp::TriggerSearchOptions search{.check_interrupt = context.check_interrupt};
  Triggers triggers;
  for (const msp::Evidence& evidence :
       {msp::NeuralCleanse(search).look(suspect), msp::TriggerGenerator(search).look(suspect)}) {
    for (const auto& found : evidence.triggers) triggers.push_back(found.trigger);
  }
  return triggers;
}

struct Repaired {
  double accuracy = 0;
  double success = 0;
};

/// What is left after `model` was trained on with `triggers`, which then is as it was.
Repaired repaired(const ZooModel& model, const Triggers& triggers, int epochs, const ZooData& data,
                  const Context& context) {
  ZooModel copy = model;
  copy.network = models::GlyphCnn(10);
  models::load_state(*copy.network, models::state(*model.network));
  const data::LabelledImages clean = zoo_repair(data);
  msp::unlearn(
      *copy.network, copy.classifier(), clean.images, clean.labels, triggers,
      {.epochs = epochs, .seed = context.seed, .check_interrupt = context.check_interrupt});
  copy.network->eval();
  const data::LabelledImages test = zoo_test(data);
  return {.accuracy = accuracy_of(copy.classifier(), test.images, test.labels),
          .success = msp::attack_success(copy.classifier(), test.images, test.labels,
                                         *model.trigger, model.target)};
}

Quality quality_of(const std::vector<ZooModel>& models, const ZooData& data,
                   const Context& context) {
  constexpr int kEpochs = 10;
  std::vector<double> tuned, unlearnt;
  std::vector<Metric> metrics;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const ZooModel& model = models[i];
    const Repaired plain = repaired(model, {}, kEpochs, data, context);
    const Repaired cleansed =
        repaired(model, found_in(model, data, context), kEpochs, data, context);
    tuned.push_back(100 * plain.success);
    unlearnt.push_back(100 * cleansed.success);
    const std::string name = name_of(static_cast<Poisoning>(i + 1));
    metrics.push_back({name + ": success before", 100 * model.success, "%"});
    metrics.push_back({name + ": success after fine-tuning", tuned.back(), "%"});
    metrics.push_back({name + ": success after unlearning", unlearnt.back(), "%"});
    metrics.push_back({name + ": accuracy before", 100 * model.accuracy, "%"});
    metrics.push_back({name + ": accuracy after unlearning", 100 * cleansed.accuracy, "%"});
  }
  return {.baseline = mean(tuned), .candidate = mean(unlearnt), .metrics = std::move(metrics)};
}

Workload prepare(const Context& context) {
  if (context.scale == Scale::quick) {
    throw Unsupported("four networks to train and repair are no quick run; --full does them");
  }
  const auto data = std::make_shared<ZooData>(zoo_data(context));
  const auto models = std::make_shared<std::vector<ZooModel>>();
  for (int kind = 1; kind <= kPoisonings; ++kind) {
    models->push_back(train_zoo_model(*data, static_cast<Poisoning>(kind),
                                      2'000 + static_cast<std::uint64_t>(kind), context));
  }
  const Triggers triggers = found_in(models->front(), *data, context);
  return {.data = data_source(
              concat(data->images.description, "; a model of each poisoning, repaired with ",
                     zoo_repair(*data).labels.numel(), " clean images"),
              data->generated, {data->images.train.images}),
          .quality = [=] { return quality_of(*models, *data, context); },
          .baseline = [=] { repaired(models->front(), {}, 1, *data, context); },
          .candidate = [=] { repaired(models->front(), triggers, 1, *data, context); }};
}

Case make_case() {
  return {.id = "cv/backdoor-removal",
          .domain = Domain::cv,
          .module = "msp",
          .summary =
              "Success of a backdoor (patch, blended, sinusoidal, clean label) after ten "
              "epochs of repair on 1,000 clean images; timed is an epoch and a test; with "
              "--full only",
          .baseline = "fine-tuning",
          .candidate = "msp::unlearn with the triggers that were found",
          .gate = {.metric = "attack success, mean, %",
                   .bound = QualityResult::Bound::at_most,
                   .target = 10},
          .real_data = "cv/mnist",
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::backdoor_removal
