#include "hadal/bench/compare/compare.h"

#include "hadal/bench/report/json.h"
#include "hadal/cli/bench/command.h"
#include "hadal/cli/exit_code.h"

#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

struct Files {
  std::string before;
  std::string after;
};

int compare(const Files& files) {
  const bench::Comparison comparison =
      bench::compare(bench::read_report(files.before), bench::read_report(files.after));
  std::cout << bench::to_text(comparison);
  return bench::any_worse(comparison) ? kVerdict : kDone;
}

}  // namespace

void add_bench_compare(CLI::App& bench, std::function<int()>& chosen) {
  CLI::App& command = *bench.add_subcommand("compare",
                                            "Compare two runs, as before and after a change. Exits "
                                            "with 0 where no case got worse, 1 where "
                                            "one did, and 2 where the runs cannot be compared");
  const auto files = std::make_shared<Files>();
  command.add_option("A.json", files->before, "The run before")->required();
  command.add_option("B.json", files->after, "The run after")->required();
  command.callback([&chosen, files] { chosen = [files] { return compare(*files); }; });
}

}  // namespace hadal::cli
