#include "hadal/cli/train/command.h"

#include "hadal/cli/common_options.h"
#include "hadal/cli/exit_code.h"
#include "hadal/cli/status_line.h"
#include "hadal/cli/train/progress.h"
#include "hadal/core/error.h"
#include "hadal/core/interrupt.h"
#include "hadal/core/process_group/process_group.h"
#include "hadal/hpts/train/loop.h"
#include "hadal/hpts/train/make_task.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <unistd.h>

namespace hadal::cli {
namespace {

struct Arguments {
  std::filesystem::path config;
  int threads = 0;
};

/// Tells on standard error what a run does.
class Narrator {
 public:
  explicit Narrator(std::string task) : task_(std::move(task)), line_(::isatty(STDERR_FILENO)) {}

  hpts::TrainingObserver observer() {
    return {
        .begun =
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

 private:
  std::string task_;
  StatusLine line_;
  std::optional<TrainProgress> progress_;
};

int report(const hpts::TrainingOutcome& outcome, const hpts::TrainConfig& config) {
  if (outcome.finished) return kDone;
  if (!config.checkpoints.folder) {
    throw Interrupted(concat("interrupted after step ", outcome.step, ", and nothing is saved"),
                      "name a folder in [checkpoints], so that a run can go on");
  }
  std::fprintf(stderr, "hadal: interrupted and saved; run the same command again to go on\n");
  return kDone;
}

int train(const Arguments& arguments) {
  const hpts::TrainConfig config = hpts::read_train_config(arguments.config);
  use_threads(arguments.threads);
  const auto group = init_process_group();
  const InterruptGuard guard;
  const auto task = hpts::make_task(config, data_folder());
  Narrator narrator(task->description());
  const auto outcome = hpts::train(config, *task, group, interrupted, narrator.observer());
  return report(outcome, config);
}

}  // namespace

void add_train_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App& train_command = *app.add_subcommand(
      "train", "Train a network as a file says; go on where an earlier run of it was interrupted");
  const auto arguments = std::make_shared<Arguments>();
  train_command.add_option("config", arguments->config, "The file, in TOML: docs/training.md")
      ->required();
  add_threads_option(train_command, arguments->threads);
  train_command.footer(
      "Several processes train together where each is started with RANK, WORLD_SIZE, MASTER_ADDR "
      "and\nMASTER_PORT, as `hadal launch -n 2 -- hadal train run.toml` does. Ctrl-C and SIGTERM "
      "save and end with 0.\nHADAL_DATA names the folder of data sets.");
  train_command.callback(
      [arguments, &chosen] { chosen = [arguments] { return train(*arguments); }; });
}

}  // namespace hadal::cli
