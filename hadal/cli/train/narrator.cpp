#include "hadal/cli/train/narrator.h"

#include "hadal/cli/exit_code.h"
#include "hadal/core/error.h"

#include <cstdio>
#include <utility>

#include <unistd.h>

namespace hadal::cli {

TrainNarrator::TrainNarrator(std::string task)
    : task_(std::move(task)), line_(::isatty(STDERR_FILENO)) {}

hpts::TrainingObserver TrainNarrator::observer() {
  return {.begun =
              [this](std::int64_t step, std::int64_t steps) {
                line_.print(concat(task_, step > 0 ? concat(", going on after step ", step) : ""));
                progress_.emplace(step, steps);
              },
          .metrics = [this](const auto& metrics) { line_.draw(progress_->text(metrics)); },
          .score =
              [this](std::int64_t step, const hpts::Score& score) {
                line_.print(concat("step ", step, ": ", score.name, " ", score.value));
              },
          .saved = [this](std::int64_t step) { line_.print(concat("saved step ", step)); }};
}

int finish(const hpts::TrainingOutcome& outcome, const hpts::TrainConfig& config) {
  if (outcome.finished) return kDone;
  if (!config.checkpoints.folder) {
    throw Interrupted(concat("interrupted after step ", outcome.step, ", and nothing is saved"),
                      "name a folder in [checkpoints], so that a run can go on");
  }
  std::fprintf(stderr, "hadal: interrupted and saved; run the same command again to go on\n");
  return kDone;
}

}  // namespace hadal::cli
