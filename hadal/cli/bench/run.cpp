#include "hadal/bench/runner/run.h"

#include "hadal/bench/report/html.h"
#include "hadal/bench/report/json.h"
#include "hadal/bench/report/text.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/bench/runner/resume.h"
#include "hadal/cli/bench/command.h"
#include "hadal/cli/bench/progress.h"
#include "hadal/cli/common_options.h"
#include "hadal/cli/exit_code.h"
#include "hadal/core/file.h"
#include "hadal/core/interrupt.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <unistd.h>

namespace hadal::cli {
namespace {

struct Options {
  std::vector<std::string> patterns;
  bool full = false;
  std::string json;
  std::string html;
  bool resume = false;
  std::uint64_t seed = 1;
  int threads = 0;
};

void write(const bench::Report& report, const Options& options) {
  if (!options.json.empty()) write_file(options.json, bench::to_json(report));
  if (!options.html.empty()) write_file(options.html, bench::to_html(report));
}

int status_of(const bench::Report& report) {
  if (!report.complete) return kInterrupted;
  const bool failed = std::ranges::any_of(
      report.cases, [](const auto& result) { return result.verdict == bench::Verdict::failed; });
  return failed ? kVerdict : kDone;
}

/// The report to go on with; none where there is no file yet.
std::optional<bench::Report> earlier_report(const Options& options) {
  if (!options.resume || !std::filesystem::exists(options.json)) return {};
  return bench::read_report(options.json);
}

int run(const Options& options) {
  auto cases = bench::select(bench::registered_cases(), options.patterns);
  use_threads(options.threads);
  const bench::Context context{
      .scale = options.full ? bench::Scale::full : bench::Scale::quick,
      .seed = options.seed,
      .data = data_folder(),
      .check_interrupt = check_interrupt,
  };
  std::optional<bench::Report> before = earlier_report(options);
  if (before) cases = bench::left_of(cases, context, *before);
  const InterruptGuard interrupt_guard;
  bench::Report report;
  {
    BenchProgress progress(cases.size(), before ? before->cases.size() : 0,
                           ::isatty(STDERR_FILENO) == 1);
    report =
        bench::run(cases, context,
                   {.stage = [&](int index, std::string_view id, std::string_view stage, int done,
                                 int total) { progress.stage(index, id, stage, done, total); },
                    .progressed =
                        [&](const bench::Report& so_far) {
                          write(so_far, options);
                          progress.finished(so_far);
                        }},
                   before);
  }
  std::cout << bench::summary_table(report);
  for (const std::string& file : {options.json, options.html}) {
    if (!file.empty()) std::cout << "wrote " << file << '\n';
  }
  return status_of(report);
}

}  // namespace

void add_bench_run(CLI::App& bench, std::function<int()>& chosen) {
  CLI::App& command = *bench.add_subcommand(
      "run",
      "Run cases, all where none is named. Exits with 0 where all kept their quality, 1 where one "
      "failed, and 130 where interrupted; the reports then hold what was done");
  const auto options = std::make_shared<Options>();
  command.add_option("case", options->patterns,
                     "Ids, which may hold *; a domain (nlp, cv, speech); or module:NAME");
  auto* full = command.add_flag("--full", options->full,
                                "Train longer and time more rounds, for tighter intervals");
  // It only says what holds anyway.
  command.add_flag(
             "--quick", [](std::int64_t) {}, "Under 5 minutes on 2 cores; the default")
      ->excludes(full);
  auto* json =
      command.add_option("--json", options->json, "Write the report there, after each case")
          ->type_name("FILE");
  command.add_option("--html", options->html, "Write the report as a page there, after each case")
      ->type_name("FILE");
  command
      .add_flag("--resume", options->resume,
                "Go on with the run that left its report there, if one did: what it has is not run "
                "again, but for what failed")
      ->needs(json);
  command.add_option("--seed", options->seed, "Of all that is random")
      ->capture_default_str()
      ->type_name("N");
  add_threads_option(command, options->threads);
  command.footer(
      "HADAL_DATA names a folder of real data sets; without it, cases make their own data.");
  command.callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace hadal::cli
