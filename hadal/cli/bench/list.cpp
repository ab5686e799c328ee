#include "hadal/bench/report/format.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/cli/bench/command.h"
#include "hadal/cli/exit_code.h"
#include "hadal/core/columns.h"
#include "hadal/core/error.h"

#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

using bench::Case;
using bench::Gate;

constexpr std::size_t kColumns = 100;

std::string gate_text(const Gate& gate) {
  const std::string bound =
      gate.bound == bench::QualityResult::Bound::at_least ? "at least " : "at most ";
  std::string text = concat(gate.metric, " ", bound, bench::format_value(gate.target));
  if (gate.target_on_real) {
    text += concat(" (with HADAL_DATA ", bench::format_value(*gate.target_on_real), ")");
  }
  if (gate.most_relative_loss) {
    text += concat(", and within ", bench::format_percent(*gate.most_relative_loss),
                   " of the baseline's");
  }
  return text;
}

std::string described(const Case& item) {
  return concat(
      item.id, "  [", item.module, ", version ", item.version, "]\n",
      wrap(item.summary, 4, kColumns), wrap("A: " + item.baseline, 4, kColumns),
      wrap("B: " + item.candidate, 4, kColumns),
      wrap("quality: " + gate_text(item.gate), 4, kColumns),
      item.real_data.empty() ? "" : wrap("with HADAL_DATA: " + item.real_data, 4, kColumns));
}

struct Options {
  std::vector<std::string> patterns = {};
  bool ids_only = false;
  bool real_only = false;
};

int list(const Options& options) {
  for (const Case& item : bench::select(bench::registered_cases(), options.patterns)) {
    if (options.real_only && item.real_data.empty()) continue;
    std::cout << (options.ids_only ? item.id + '\n' : described(item));
  }
  return kDone;
}

}  // namespace

void add_bench_list(CLI::App& bench, std::function<int()>& chosen) {
  CLI::App& command =
      *bench.add_subcommand("list", "List the cases: what each compares, and its quality gate");
  const auto options = std::make_shared<Options>();
  command.add_option("case", options->patterns,
                     "Ids, which may hold *; a domain (nlp, cv, speech); or module:NAME");
  command.add_flag("--ids", options->ids_only, "Print nothing but ids, one a line");
  command.add_flag("--real-data", options->real_only,
                   "Only those that use real data of HADAL_DATA");
  command.callback([&chosen, options] { chosen = [options] { return list(*options); }; });
}

}  // namespace hadal::cli
