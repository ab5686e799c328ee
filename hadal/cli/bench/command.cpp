#include "hadal/cli/bench/command.h"

namespace hadal::cli {

void add_bench_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App& bench =
      *app.add_subcommand("bench", "Measure what Hadal does against baselines, and compare runs");
  bench.require_subcommand(1);
  add_bench_run(bench, chosen);
  add_bench_list(bench, chosen);
  add_bench_compare(bench, chosen);
  add_bench_report(bench, chosen);
  add_bench_worker(bench, chosen);
}

}  // namespace hadal::cli
