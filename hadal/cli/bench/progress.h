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
  /// `cases`: how many there will be. `terminal`: whether to draw.
  BenchProgress(std::size_t cases, bool terminal);

  /// Case number `index` (-1: the self-test) is at `stage`, of which `done` of about `total` steps
  /// are done (0 of 0 where unknown).
  void stage(int index, std::string_view id, std::string_view stage, int done, int total);
  /// The last case of `report` is through, or the self-test where there is none yet.
  void finished(const bench::Report& report);

 private:
  std::size_t cases_;
  StatusLine line_;
  std::size_t told_ = 0;  // cases whose result was shown
  bool told_noise_ = false;
  std::string current_;  // the id that a plain line announced
};

}  // namespace hadal::cli
