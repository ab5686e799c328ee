#pragma once

#include "hadal/core/process_group/process_group.h"
#include "hadal/hpts/metrics/metrics.h"
#include "hadal/hpts/train/config.h"
#include "hadal/hpts/train/run.h"
#include "hadal/hpts/train/task.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace hadal::hpts {

/// What train() tells while it works; empty functions are not called. Of several processes, only
/// rank 0 tells.
struct TrainingObserver {
  /// The run is about to go from `step`, not 0 where it goes on from a checkpoint, to `steps`.
  std::function<void(std::int64_t step, std::int64_t steps)> begun = {};
  std::function<void(const StepMetrics&)> metrics = {};
  std::function<void(std::int64_t step, const Score&)> score = {};
  std::function<void(std::int64_t step)> saved = {};  ///< a checkpoint
};

struct TrainingOutcome {
  bool finished = false;  ///< or else interrupted, and saved where there is a folder
  std::int64_t step = 0;
  std::optional<Score> score = {};  ///< at the end, where finished
};

/// Trains as `config` says: goes on from the newest checkpoint that all processes can read, logs,
/// tests and saves at the steps that it names, and at the end. `stop` is asked after each step, in
/// every process; where it says so in one, all save and return. Throws what the parts throw.
TrainingOutcome train(const TrainConfig& config, Task& task, std::shared_ptr<ProcessGroup> group,
                      const std::function<bool()>& stop, const TrainingObserver& observer);

}  // namespace hadal::hpts
