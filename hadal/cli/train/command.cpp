#include "hadal/cli/train/command.h"

#include "hadal/cli/common_options.h"
#include "hadal/cli/train/narrator.h"
#include "hadal/core/interrupt.h"
#include "hadal/core/process_group/process_group.h"
#include "hadal/hpts/train/loop.h"
#include "hadal/hpts/train/make_task.h"

#include <filesystem>
#include <memory>

namespace hadal::cli {
namespace {

struct Arguments {
  std::filesystem::path config;
  int threads = 0;
};

int train(const Arguments& arguments) {
  const hpts::TrainConfig config = hpts::read_train_config(arguments.config);
  use_threads(arguments.threads);
  const auto group = init_process_group();
  const InterruptGuard guard;
  const auto task = hpts::make_task(config, data_folder());
  TrainNarrator narrator(task->description());
  const auto outcome = hpts::train(config, *task, group, interrupted, narrator.observer());
  return finish(outcome, config);
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
