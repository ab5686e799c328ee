#include "hadal/hpts/train/loop.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/memory.h"
#include "hadal/core/system.h"
#include "hadal/hpts/checkpoint/folder.h"
#include "hadal/hpts/metrics/csv_log.h"
#include "hadal/hpts/metrics/tensorboard_log.h"
#include "hadal/hpts/precision/plan_file.h"
#include "hadal/hpts/precision/plan_plot.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include <ATen/ops/tensor.h>

namespace hadal::hpts {
namespace {

using Clock = std::chrono::steady_clock;

/// Whether `mine` holds in any process.
bool any(ProcessGroup& group, bool mine, const std::string& what) {
  if (group.size() == 1) return mine;
  const at::Tensor count = at::tensor({mine ? 1 : 0});
  group.all_reduce(count, what).wait();
  return count.item<int>() > 0;
}

/// Brings the run to the newest checkpoint that every process can read; whether there is one.
bool resume(TrainingRun& run, const CheckpointFolder& folder, ProcessGroup& group) {
  // Each process sees the same files, but may find its own damaged.
  const auto checkpoint = folder.load_latest([&](std::int64_t step, bool lacks) {
    return any(group, lacks, concat("checkpoint of step ", step));
  });
  if (checkpoint) run.restore(*checkpoint);
  return checkpoint.has_value();
}

/// How many layers compute in each precision.
std::map<std::string, double> layers_by_precision(const PrecisionScheduler& scheduler) {
  std::map<std::string, double> counts;
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::fp16}) {
    counts[std::string(name_of(precision))] = 0;
  }
  for (const auto& layer : scheduler.history().layers) {
    counts[std::string(name_of(scheduler.plan().of(layer).compute))] += 1;
  }
  return counts;
}

/// The figures since the last time that they were taken.
class Meter {
 public:
  explicit Meter(std::int64_t batch) : batch_(batch) {}

  void add(const StepResult& result) {
    ++steps_;
    if (result.skipped) {
      ++skipped_;
    } else {
      loss_ += result.loss;
    }
    gradient_norm_ = result.gradient_norm;
  }

  StepMetrics take(const TrainingRun& run) {
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - since_).count();
    StepMetrics metrics{.step = run.step(), .wall_time = unix_time()};
    const auto finite = static_cast<double>(std::max<std::int64_t>(1, steps_ - skipped_));
    metrics.values = {
        {"loss", loss_ / finite},
        {"learning_rate", run.learning_rate()},
        {"gradient_norm", gradient_norm_},
        {"examples_per_second", static_cast<double>(steps_ * batch_) / seconds},
        {"peak_memory_bytes", static_cast<double>(memory_.peak_bytes())},
        {"skipped_steps", static_cast<double>(skipped_)},
    };
    for (const auto& [name, layers] : layers_by_precision(run.scheduler())) {
      metrics.values.emplace_back("layers_" + name, layers);
    }
    since_ = now;
    steps_ = skipped_ = 0;
    loss_ = 0;
    memory_.reset();
    return metrics;
  }

 private:
  std::int64_t batch_;
  Clock::time_point since_ = Clock::now();
  std::int64_t steps_ = 0;
  std::int64_t skipped_ = 0;
  double loss_ = 0;
  double gradient_norm_ = 0;
  MemoryMeter memory_;
};

/// What rank 0 writes and tells.
class Outputs {
 public:
  Outputs(const TrainConfig::Log& log, std::optional<std::int64_t> resumed_at,
          const TrainingObserver& observer)
      : log_(log), observer_(observer) {
    if (log.csv) logs_.push_back(std::make_unique<CsvLog>(*log.csv, resumed_at));
    if (log.tensorboard) logs_.push_back(std::make_unique<TensorBoardLog>(*log.tensorboard));
  }

  void metrics(const StepMetrics& metrics) {
    for (const auto& log : logs_) log->write(metrics);
    if (observer_.metrics) observer_.metrics(metrics);
  }
  void score(std::int64_t step, const Score& score) {
    if (observer_.score) observer_.score(step, score);
  }
  void plan(const PrecisionScheduler& scheduler) {
    const Precision ran_fp16 = Precision::bf16;  // on a CPU
    if (log_.plan) write_plan_file(*log_.plan, {scheduler.chosen(), scheduler.history()});
    if (log_.plot) write_file(*log_.plot, plan_page(scheduler.history(), ran_fp16));
  }
  void saved(std::int64_t step) {
    if (observer_.saved) observer_.saved(step);
  }

 private:
  const TrainConfig::Log& log_;
  const TrainingObserver& observer_;
  std::vector<std::unique_ptr<MetricsLog>> logs_;
};

class Loop {
 public:
  Loop(const TrainConfig& config, Task& task, std::shared_ptr<ProcessGroup> group,
       const TrainingObserver& observer)
      : config_(config),
        task_(task),
        group_(std::move(group)),
        run_(config, task, group_),
        meter_(config.batch) {
    if (config.checkpoints.folder) {
      folder_.emplace(*config.checkpoints.folder,
                      Rank{.index = group_->rank(), .count = group_->size()},
                      config.checkpoints.keep);
      if (resume(run_, *folder_, *group_)) resumed_at_ = run_.step();
    }
    if (group_->rank() != 0) return;
    outputs_.emplace(config.log, resumed_at_, observer);
    if (observer.begun) observer.begun(run_.step(), run_.steps());
  }

  TrainingOutcome run(const std::function<bool()>& stop) {
    while (run_.step() < run_.steps()) {
      if (any(*group_, stop(), concat("interrupt after step ", run_.step()))) {
        save();
        return {.finished = false, .step = run_.step()};
      }
      meter_.add(run_.advance());
      const bool last = run_.step() == run_.steps();
      if (last || is_due(config_.log.every)) tell_metrics();
      if (!last && is_due(config_.log.test_every)) tell_score();
      if (last || is_due(config_.checkpoints.every)) save();
    }
    return {.finished = true, .step = run_.step(), .score = tell_score()};
  }

 private:
  bool is_due(std::int64_t every) const { return every > 0 && run_.step() % every == 0; }

  void tell_metrics() {
    const StepMetrics metrics = meter_.take(run_);
    if (outputs_) outputs_->metrics(metrics);
  }

  Score tell_score() {
    const Score score = task_.score();
    if (outputs_) outputs_->score(run_.step(), score);
    return score;
  }

  void save() {
    if (outputs_) outputs_->plan(run_.scheduler());
    if (!folder_ || saved_at_ == run_.step()) return;
    folder_->save(run_.checkpoint());
    saved_at_ = run_.step();
    if (outputs_) outputs_->saved(run_.step());
  }

  const TrainConfig& config_;
  Task& task_;
  std::shared_ptr<ProcessGroup> group_;
  TrainingRun run_;
  Meter meter_;
  std::optional<CheckpointFolder> folder_;
  std::optional<std::int64_t> resumed_at_;
  std::optional<std::int64_t> saved_at_;
  std::optional<Outputs> outputs_;
};

}  // namespace

TrainingOutcome train(const TrainConfig& config, Task& task, std::shared_ptr<ProcessGroup> group,
                      const std::function<bool()>& stop, const TrainingObserver& observer) {
  return Loop(config, task, std::move(group), observer).run(stop);
}

}  // namespace hadal::hpts
