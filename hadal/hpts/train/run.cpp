#include "hadal/hpts/train/run.h"

#include "hadal/core/error.h"
#include "hadal/hpts/autocast/autocast.h"
#include "hadal/hpts/distributed/data_parallel.h"
#include "hadal/hpts/distributed/power_sgd.h"
#include "hadal/hpts/monitor/monitor.h"
#include "hadal/hpts/optimizer/finite_guard.h"
#include "hadal/hpts/optimizer/gradients.h"
#include "hadal/hpts/policy/fixed.h"
#include "hadal/hpts/policy/published.h"
#include "hadal/hpts/policy/subnormals.h"
#include "hadal/hpts/policy/underflow.h"
#include "hadal/hpts/precision/plan_file.h"
#include "hadal/models/batches.h"
#include "hadal/models/state.h"

#include <cmath>
#include <span>
#include <string_view>

#include <ATen/CPUGeneratorImpl.h>

namespace hadal::hpts {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

void add(Tensors& all, std::string_view part, const Tensors& tensors) {
  for (const auto& [name, tensor] : tensors) all.emplace(concat(part, '/', name), tensor);
}

/// What add() has added for `part`.
Tensors part_of(const Tensors& all, std::string_view part) {
  const std::string prefix = concat(part, '/');
  Tensors tensors;
  for (auto item = all.lower_bound(prefix); item != all.end() && item->first.starts_with(prefix);
       ++item) {
    tensors.emplace(item->first.substr(prefix.size()), item->second);
  }
  return tensors;
}

/// The examples of a batch that fall to one process.
std::int64_t share_of(std::int64_t batch, int processes) {
  if (batch % processes != 0) {
    throw InvalidArgument(
        concat("train.batch: expected a multiple of the ", processes, " processes, got ", batch));
  }
  return batch / processes;
}

std::unique_ptr<GradientHook> make_hook(const TrainConfig::Distributed& distributed,
                                        std::uint64_t seed) {
  switch (distributed.gradients) {
    case TrainConfig::Gradients::all_reduce:
      return all_reduce_hook();
    case TrainConfig::Gradients::bf16:
      return bf16_hook();
    case TrainConfig::Gradients::power_sgd:
      break;
  }
  return power_sgd_hook({.rank = distributed.rank, .seed = seed});
}

PrecisionPlan plan_of_file(const std::filesystem::path& path, std::span<const Layer> layers) {
  PrecisionPlan plan = read_plan_file(path).plan;
  check_layers(plan, layers, path.string());
  return plan;
}

std::unique_ptr<PrecisionPolicy> make_policy(const TrainConfig::Precision& precision,
                                             std::span<const Layer> layers) {
  const SavedFormat saved = precision.saved;
  switch (precision.policy) {
    case TrainConfig::Policy::fp32:
      return fixed_policy({.otherwise = {Precision::fp32, SavedFormat::exact}});
    case TrainConfig::Policy::bf16:
      return fixed_policy({.otherwise = {Precision::bf16, saved}});
    case TrainConfig::Policy::published:
      return published_policy({.device_factor = probe_subnormals().fp16 ? 1.3 : 1.0});
    case TrainConfig::Policy::fixed:
      return fixed_policy(plan_of_file(precision.plan, layers));
    case TrainConfig::Policy::underflow:
      break;
  }
  return underflow_policy({.flush = probe_subnormals()});
}

models::Schedule make_schedule(const TrainConfig& config, std::int64_t steps) {
  models::Schedule schedule = config.schedule;
  schedule.steps = steps;
  schedule.warm_up =
      static_cast<std::int64_t>(std::llround(config.warm_up * static_cast<double>(steps)));
  return schedule;
}

}  // namespace

struct TrainingRun::State {
  State(const TrainConfig& run_config, Task& run_task, std::shared_ptr<ProcessGroup> group)
      : config(run_config),
        task(run_task),
        batches(task.example_count(), config.batch, config.seed),
        share(share_of(config.batch, group->size())),
        parallel(task.model(), group, make_hook(config.distributed, config.seed)),
        parameters(named_parameters(task.model())),
        optimizer(parameter_groups(parameters, config.schedule.peak, config.weight_decay),
                  config.rule, config.optimizer),
        guard(parameters),
        monitor(task.model()),
        scheduler(monitor.layers(), make_policy(config.precision, monitor.layers()),
                  {.every = config.precision.observe_every}),
        steps(config.steps > 0 ? config.steps : config.epochs * batches.steps_per_epoch()),
        schedule(make_schedule(config, steps)) {
    task.model().train();
  }

  at::Tensor forward() {
    const at::Tensor batch = batches.of_step(step);
    const int rank = parallel.group().rank();
    Random random(config.seed, concat("examples of rank ", rank), static_cast<std::uint64_t>(step));
    return parallel.forward([&] {
      const Autocast autocast(task.model(), scheduler.plan(),
                              {.recompute_norms = config.precision.recompute_norms});
      return task.loss(batch.narrow(0, rank * share, share), random);
    });
  }

  TrainConfig config;
  Task& task;
  models::Batches batches;
  std::int64_t share;  // examples of each process
  DistributedDataParallel parallel;
  std::vector<NamedParameter> parameters;
  Optimizer optimizer;
  FiniteGuard guard;
  GradientMonitor monitor;
  PrecisionScheduler scheduler;
  std::int64_t steps;
  models::Schedule schedule;
  std::int64_t step = 0;
};

TrainingRun::TrainingRun(const TrainConfig& config, Task& task, std::shared_ptr<ProcessGroup> group)
    : state_(std::make_unique<State>(config, task, std::move(group))) {}

TrainingRun::~TrainingRun() = default;

std::int64_t TrainingRun::step() const { return state_->step; }
std::int64_t TrainingRun::steps() const { return state_->steps; }
double TrainingRun::learning_rate() const { return state_->schedule.at(state_->step); }
const PrecisionScheduler& TrainingRun::scheduler() const { return state_->scheduler; }

StepResult TrainingRun::advance() {
  State& x = *state_;
  x.optimizer.set_learning_rate(learning_rate());
  const at::Tensor loss = x.forward();
  StepResult result{.loss = loss.item<double>()};
  // Every process has to go through backward, where gradients meet; an infinite loss of one makes
  // all gradients infinite.
  loss.backward();
  const auto parameters = x.optimizer.parameters();
  const double norm = std::sqrt(square_sum(parameters));
  result.skipped = !x.guard.admits_gradients(norm);
  if (!result.skipped) {
    result.gradient_norm = norm;
    if (x.scheduler.is_due(x.step)) x.scheduler.observe(x.step, x.monitor.observe());
    if (x.config.clip_norm) clip_gradient_norm(parameters, *x.config.clip_norm);
    x.optimizer.step();
  }
  x.optimizer.zero_grad();
  ++x.step;
  return result;
}

Checkpoint TrainingRun::checkpoint() const {
  State& x = *state_;
  Checkpoint checkpoint{.step = x.step};
  add(checkpoint.tensors, "model", models::state(x.task.model()));
  add(checkpoint.tensors, "task", x.task.state());
  add(checkpoint.tensors, "optimizer", x.optimizer.state());
  add(checkpoint.tensors, "gradients", x.parallel.hook().state());
  checkpoint.tensors.emplace("random", at::detail::getDefaultCPUGenerator().get_state());
  checkpoint.texts.emplace("precision", x.scheduler.state());
  return checkpoint;
}

void TrainingRun::restore(const Checkpoint& checkpoint) {
  State& x = *state_;
  const auto random = checkpoint.tensors.find("random");
  const auto precision = checkpoint.texts.find("precision");
  if (random == checkpoint.tensors.end() || precision == checkpoint.texts.end()) {
    throw InvalidArgument("the checkpoint is of no training run: it lacks random numbers or plan",
                          "name another folder");
  }
  models::load_state(x.task.model(), part_of(checkpoint.tensors, "model"));
  x.task.load_state(part_of(checkpoint.tensors, "task"));
  x.optimizer.load_state(part_of(checkpoint.tensors, "optimizer"));
  x.parallel.hook().load_state(part_of(checkpoint.tensors, "gradients"));
  x.scheduler.restore(precision->second, "the checkpoint's precision");
  at::Generator generator = at::detail::getDefaultCPUGenerator();  // shares the state
  generator.set_state(random->second);
  x.step = checkpoint.step;
}

}  // namespace hadal::hpts
