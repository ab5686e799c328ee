#pragma once

#include "hadal/bench/report/report.h"
#include "hadal/cli/status_line.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace hadal::cli {

/// Tells on standard error how far a run of the benchmarks is: a line that is drawn over and over
/// on a terminal, and a plain line per case elsewhere.
class BenchProgress {
 public:
  /// `cases`: how many there will be; `earlier`: how many the report has from a run that this one
  /// goes on with. `terminal`: whether to draw.
  BenchProgress(std::size_t cases, std::size_t earlier, bool terminal);

  /// Case number `index` (-1: the self-test) is at `stage`, of which `done` of about `total` steps
  /// are done (0 of 0 where unknown).
  void stage(int index, std::string_view id, std::string_view stage, int done, int total);
  /// The last case of `report` is through, or the self-test where none is yet.
  void finished(const bench::Report& report);

 private:
  std::size_t cases_;
  std::size_t told_;  // cases whose result was shown
  StatusLine line_;
  bool told_noise_ = false;
  std::string current_;  // the id that a plain line announced
};

}  // namespace hadal::cli
