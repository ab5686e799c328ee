#pragma once

#include "hadal/cli/status_line.h"
#include "hadal/cli/train/progress.h"
#include "hadal/hpts/train/config.h"
#include "hadal/hpts/train/loop.h"

#include <optional>
#include <string>

namespace hadal::cli {

/// Tells on standard error what a run of hpts::train() does.
class TrainNarrator {
 public:
  /// `task` describes model and data. The object has to outlive its observer.
  explicit TrainNarrator(std::string task);
  hpts::TrainingObserver observer();

 private:
  std::string task_;
  StatusLine line_;
  std::optional<TrainProgress> progress_;
};

/// The exit status of a run, which tells where an interrupted one is saved. Throws Interrupted
/// where it is saved nowhere.
int finish(const hpts::TrainingOutcome& outcome, const hpts::TrainConfig& config);

}  // namespace hadal::cli
