#include "hadal/hpts/policy/scheduler.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/core/text.h"
#include "hadal/hpts/policy/scheduler_state.h"
#include "hadal/hpts/precision/plan_file.h"

#include <utility>

namespace hadal::hpts {
namespace {

void check(const ScheduleOptions& options, std::span<const Layer> layers) {
  if (options.every < 1) {
    throw InvalidArgument(concat("schedule: every is ", options.every, ", expected 1 or more"));
  }
  if (options.patience < 1 || options.patience > Steady<Precision>::kMostPatience) {
    throw InvalidArgument(concat("schedule: patience is ", options.patience, ", expected 1 to ",
                                 Steady<Precision>::kMostPatience));
  }
  check_layers({.layers = options.pinned}, layers, "pinned layers");
}

}  // namespace

PrecisionScheduler::PrecisionScheduler(std::vector<Layer> layers,
                                       std::unique_ptr<PrecisionPolicy> policy,
                                       const ScheduleOptions& options)
    : layers_(std::move(layers)),
      policy_(std::move(policy)),
      options_(options),
      states_(layers_.size()) {
  check(options_, layers_);
  history_.policy = policy_->name();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto pin = options_.pinned.find(layers_[i].name);
    const LayerPlan start = pin == options_.pinned.end() ? policy_->start(layers_[i]) : pin->second;
    states_[i].compute.start(start.compute);
    states_[i].saved.start(start.saved);
    history_.layers.push_back(layers_[i].name);
    history_.start.push_back(start);
  }
  publish();
}

bool PrecisionScheduler::observe(std::int64_t step, std::span<const LayerStatistics> statistics) {
  if (statistics.size() != layers_.size()) {
    throw InvalidArgument(
        concat("statistics of ", statistics.size(), " layers, but the model has ", layers_.size()),
        "pass what the monitor of the same model observed");
  }
  if (step < history_.steps) {
    throw InvalidArgument(concat("step ", step, " was observed after step ", history_.steps - 1),
                          "observe steps in order, each once");
  }
  history_.steps = step + 1;
  bool changed = false;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (options_.pinned.contains(layers_[i].name)) continue;
    changed |= observe_layer(step, i, statistics[i]);
  }
  if (changed) publish();
  return changed;
}

bool PrecisionScheduler::observe_layer(std::int64_t step, std::size_t layer,
                                       const LayerStatistics& statistics) {
  SteadyPlan& state = states_[layer];
  const LayerPlan before = state.now();
  auto wish = policy_->wish(layers_[layer], statistics, before);
  if (!wish) return false;
  const bool computes = state.compute.take(wish->plan.compute, options_.patience);
  const bool saves = state.saved.take(wish->plan.saved, options_.patience);
  if (!computes && !saves) return false;
  history_.changes.push_back({.step = step,
                              .layer = layers_[layer].name,
                              .from = before,
                              .to = state.now(),
                              .reason = std::move(wish->reason)});
  return true;
}

void PrecisionScheduler::publish() {
  std::size_t mapped = 0;
  chosen_.layers.clear();
  for (std::size_t i = 0; i < layers_.size(); ++i)
    chosen_.layers[layers_[i].name] = states_[i].now();
  plan_ = chosen_;
  if (options_.computes_fp16) return;
  for (auto& [name, plan] : plan_.layers) {
    if (plan.compute != Precision::fp16) continue;
    plan.compute = Precision::bf16;
    ++mapped;
  }
  if (mapped == 0 || told_) return;
  told_ = true;
  log(LogLevel::warning,
      concat("precision plan: ", mapped, " of ", layers_.size(),
             " layers were chosen for fp16, in ",
             "which this device computes far slower than in bf16; they run in bf16"));
}

std::string PrecisionScheduler::state() const { return to_json({states_, history_}); }

void PrecisionScheduler::restore(std::string_view text, const std::string& place) {
  SchedulerState state = scheduler_state_from_json(text, place);
  if (state.history.policy != policy_->name()) {
    throw InvalidArgument(concat(place, ": it is the state of the policy ",
                                 quote(state.history.policy), ", not of ", policy_->name()));
  }
  if (state.history.layers != history_.layers) {
    throw InvalidArgument(concat(place, ": it is the state of a model with other layers"),
                          "restore the state of a run of the same model");
  }
  states_ = std::move(state.layers);
  history_ = std::move(state.history);
  publish();
}

}  // namespace hadal::hpts
