#include "hadal/bench/runner/registry.h"
#include "hadal/cli/bench/command.h"
#include "hadal/cli/exit_code.h"
#include "hadal/core/error.h"

#include <memory>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

int work(const std::string& id, const std::vector<std::string>& arguments) {
  const auto cases = bench::select(bench::registered_cases(), {id});
  if (cases.size() != 1 || !cases[0].work) {
    throw InvalidArgument(concat("benchmark case '", id, "' starts no processes"));
  }
  cases[0].work(arguments);
  return kDone;
}

}  // namespace

void add_bench_worker(CLI::App& bench, std::function<int()>& chosen) {
  struct Options {
    std::string id;
    std::vector<std::string> arguments;
  };
  CLI::App& command =
      *bench.add_subcommand("worker", "What a process does that a case has started");
  command.group("");  // not for users
  const auto options = std::make_shared<Options>();
  command.add_option("case", options->id)->required();
  command.add_option("arguments", options->arguments);
  command.callback(
      [&chosen, options] { chosen = [options] { return work(options->id, options->arguments); }; });
}

}  // namespace hadal::cli
