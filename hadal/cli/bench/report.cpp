#include "hadal/bench/report/html.h"
#include "hadal/bench/report/json.h"
#include "hadal/bench/report/text.h"
#include "hadal/cli/bench/command.h"
#include "hadal/cli/exit_code.h"
#include "hadal/core/file.h"

#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

struct Options {
  std::string json;
  std::string html;
};

int report(const Options& options) {
  const bench::Report report = bench::read_report(options.json);
  if (options.html.empty()) {
    std::cout << bench::summary_table(report);
  } else {
    write_file(options.html, bench::to_html(report));
  }
  return kDone;
}

}  // namespace

void add_bench_report(CLI::App& bench, std::function<int()>& chosen) {
  CLI::App& command = *bench.add_subcommand("report", "Show the report of a run, or make its page");
  const auto options = std::make_shared<Options>();
  command.add_option("report.json", options->json, "What `hadal bench run` wrote")->required();
  command.add_option("--html", options->html,
                     "Write a page there, instead of a table on the terminal");
  command.callback([&chosen, options] { chosen = [options] { return report(*options); }; });
}

}  // namespace hadal::cli
