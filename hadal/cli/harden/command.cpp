#include "hadal/cli/harden/command.h"

#include "hadal/cli/common_options.h"
#include "hadal/cli/exit_code.h"
#include "hadal/cli/train/narrator.h"
#include "hadal/core/error.h"
#include "hadal/core/interrupt.h"
#include "hadal/core/process_group/process_group.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/hpts/train/loop.h"
#include "hadal/models/state.h"
#include "hadal/msp/defend/config.h"
#include "hadal/msp/evaluate/verdict.h"

#include <cstdio>
#include <filesystem>
#include <memory>

namespace hadal::cli {
namespace {

struct Arguments {
  std::filesystem::path config;
  std::filesystem::path start;
  int threads = 0;
};

msp::RobustnessVerdict judge(const msp::HardenConfig& config, const msp::AdversarialTask& task) {
  const auto [images, labels] = task.test_images(config.evaluation.images);
  return msp::judge_robustness(
      task.classifier(), images, labels,
      {.threat = {.norm = config.defence.threat.norm, .epsilon = config.evaluation.epsilon},
       .attacks = config.evaluation.attacks,
       .run = {.seed = config.train.seed, .check_interrupt = check_interrupt}});
}

int harden(const Arguments& arguments) {
  msp::HardenConfig config = msp::read_harden_config(arguments.config);
  if (!arguments.start.empty()) config.start = arguments.start;
  use_threads(arguments.threads);
  const auto group = init_process_group();
  const InterruptGuard guard;
  const auto task = msp::make_adversarial_task(config, data_folder());
  TrainNarrator narrator(task->description());
  const auto outcome = hpts::train(config.train, *task, group, interrupted, narrator.observer());
  if (!outcome.finished || group->rank() != 0) return finish(outcome, config.train);
  if (config.output) write_safetensors(*config.output, models::state(task->averaged()));
  const msp::RobustnessVerdict verdict = judge(config, *task);
  std::printf("%s\n", verdict.text().c_str());
  return verdict.passed() ? kDone : kVerdict;
}

}  // namespace

void add_harden_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App& harden_command = *app.add_subcommand(
      "harden",
      "Train a classifier against adversarial examples as a file says, then attack it; go on where "
      "an earlier run of it was interrupted");
  const auto arguments = std::make_shared<Arguments>();
  harden_command.add_option("config", arguments->config, "The file, in TOML: docs/hardening.md")
      ->required();
  harden_command.add_option("--from", arguments->start,
                            "Weights to begin with, safetensors of the file's model; goes before "
                            "model.weights");
  add_threads_option(harden_command, arguments->threads);
  harden_command.footer(
      "Ctrl-C and SIGTERM save and end with 0, where the file names a folder for checkpoints. Ends "
      "with 1 where\nthe checks for gradient masking fail, as the robust accuracy then means "
      "nothing. HADAL_DATA names the folder of\ndata sets.");
  harden_command.callback(
      [arguments, &chosen] { chosen = [arguments] { return harden(*arguments); }; });
}

}  // namespace hadal::cli
