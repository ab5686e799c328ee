#include "hadal/cli/launch/command.h"

#include "hadal/cli/launch/ranks.h"

#include <memory>

#include <CLI/CLI.hpp>

namespace hadal::cli {

void add_launch_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App& command = *app.add_subcommand(
      "launch",
      "Start a program as several processes of one job on this machine: hadal launch -n 4 -- "
      "PROGRAM ARGUMENT... The processes find each other by RANK, WORLD_SIZE, MASTER_ADDR and "
      "MASTER_PORT, as under torchrun. When one fails the others are ended");
  const auto options = std::make_shared<LaunchOptions>();
  const auto grace = std::make_shared<double>(10);
  command.add_option("-n,--processes", options->processes, "How many")
      ->required()
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command
      .add_option("--grace", *grace, "Seconds from SIGTERM to SIGKILL, when processes are ended")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0))
      ->type_name("S");
  // From the first word that is none of our options, all belongs to the program.
  command.prefix_command();
  command.callback([&chosen, &command, options, grace] {
    options->grace = std::chrono::milliseconds(static_cast<std::int64_t>(*grace * 1000));
    options->command = command.remaining();
    if (options->command.empty()) throw CLI::RequiredError("PROGRAM");
    chosen = [options] { return launch(*options); };
  });
}

std::vector<std::string> without_separator(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() != "launch") return arguments;
  std::size_t at = 1;
  while (at < arguments.size() && arguments[at].starts_with('-') && arguments[at] != "--") {
    const bool has_value =
        arguments[at] == "-n" || arguments[at] == "--processes" || arguments[at] == "--grace";
    at += has_value ? 2 : 1;
  }
  if (at < arguments.size() && arguments[at] == "--") {
    arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return arguments;
}

}  // namespace hadal::cli
