#pragma once

#include "hadal/bench/report/report.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hadal::bench {

/// How much work a run may do.
enum class Scale {
  quick,  ///< the whole suite in under 5 minutes on 2 cores
  full,   ///< longer training, more data and more rounds: tighter intervals
};

std::string_view name_of(Scale scale);

/// What a case is given to prepare itself.
struct Context {
  Scale scale = Scale::quick;
  std::uint64_t seed = 1;
  /// Folder of the real data sets; empty where the run has none.
  std::optional<std::filesystem::path> data = {};
  /// To be called between steps of long work; throws Interrupted when the user asked to stop.
  std::function<void()> check_interrupt = [] {};

  /// The path of the data set `relative`, or nothing where it is not there.
  std::optional<std::filesystem::path> find(const std::filesystem::path& relative) const;
};

/// The quality that a candidate must keep before its speed is looked at.
struct Gate {
  std::string metric;  ///< "accuracy", "perplexity", "max absolute error"
  QualityResult::Bound bound = QualityResult::Bound::at_least;
  double target = 0;                          ///< on the data that the product makes itself
  std::optional<double> target_on_real = {};  ///< on a set of HADAL_DATA; `target` where empty
  std::optional<double> most_relative_loss =
      {};  ///< against the baseline's figure, a fraction of it
};

/// Quality figures of both sides, measured on the same input.
struct Quality {
  double baseline = 0;
  double candidate = 0;
  std::vector<Metric> metrics = {};  ///< further figures that came up, without a gate
};

/// A case that is ready to be measured. The functions own what they work on.
struct Workload {
  DataSource data;
  std::function<Quality()> quality;
  std::function<void()> baseline;   ///< one run of side A
  std::function<void()> candidate;  ///< one run of side B on the same input
  /// FLOPs of one run, where it does work that FlopCounter does not see; counted otherwise.
  std::optional<double> baseline_flops = {};
  std::optional<double> candidate_flops = {};
};

/// A benchmark case: all that the suite knows of it. A file below bench/cases defines one and
/// registers it with HADAL_BENCH_CASE; nothing else has to be edited.
struct Case {
  std::string id;  ///< "<domain>/<name>"
  Domain domain = Domain::nlp;
  std::string module;  ///< which of Hadal's modules it measures
  int version = 1;     ///< to be raised when the case changes what it measures
  std::string summary;
  std::string baseline;   ///< what A is: what a user would pick otherwise
  std::string candidate;  ///< what B is
  Gate gate;
  /// The sets of HADAL_DATA that it uses where they are there ("nlp/wikitext2"); a case that names
  /// none is given no folder of data.
  std::string real_data = {};
  /// Throws Unsupported where this machine or build cannot run the case, which is then skipped.
  std::function<Workload(const Context&)> prepare;
  /// What a process does that the case has started by `hadal bench worker ID ARGUMENT...`, for
  /// those that need several; null otherwise.
  std::function<void(const std::vector<std::string>&)> work = nullptr;
};

/// Throws InvalidArgument, naming the case and what is wrong, unless `definition` can be run and
/// reported: an id of its domain, a module, texts, a finite target, a function to prepare it.
void validate(const Case& definition);

}  // namespace hadal::bench
