#pragma once

#include "hadal/core/process_group/process_group.h"
#include "hadal/hpts/checkpoint/checkpoint.h"
#include "hadal/hpts/policy/scheduler.h"
#include "hadal/hpts/train/config.h"
#include "hadal/hpts/train/task.h"

#include <cstdint>
#include <memory>

namespace hadal::hpts {

/// What one step did.
struct StepResult {
  double loss = 0;           ///< the mean over this process's examples
  double gradient_norm = 0;  ///< before clipping; of the mean over all processes
  bool skipped = false;      ///< the loss or a gradient was not finite
};

/// A training run and how far it has come: model, optimizer, plan and random numbers. All that a
/// step does is a function of the configuration, the number of processes and the steps before, so a
/// run that goes on from a checkpoint ends as one that was never interrupted.
class TrainingRun {
 public:
  /// `task` has to outlive the run. All processes of `group` have to make theirs at the same time.
  /// Throws InvalidArgument where the batch is more than the examples or cannot be shared evenly,
  /// and what the parts throw that the configuration names.
  TrainingRun(const TrainConfig& config, Task& task, std::shared_ptr<ProcessGroup> group);
  ~TrainingRun();
  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;

  std::int64_t step() const;     ///< steps done
  std::int64_t steps() const;    ///< in all
  double learning_rate() const;  ///< of the next step
  const PrecisionScheduler& scheduler() const;

  /// Makes the next step. Throws Error where too many steps in a row are not finite, and PeerError
  /// where another process fails.
  StepResult advance();

  /// All that restore() needs to go on, of this process.
  Checkpoint checkpoint() const;
  /// Throws InvalidArgument, naming what does not fit, where `checkpoint` is of another
  /// configuration.
  void restore(const Checkpoint& checkpoint);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hadal::hpts
