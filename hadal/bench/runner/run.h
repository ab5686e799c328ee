#pragma once

#include "hadal/bench/report/report.h"
#include "hadal/bench/runner/case.h"
#include "hadal/bench/runner/measure.h"

#include <functional>
#include <optional>
#include <vector>

namespace hadal::bench {

/// What a run tells while it goes on. All must be set.
struct RunObserver {
  /// The case number `index` (from 0) of the run, or the self-test with index -1, is at `stage`.
  std::function<void(int index, std::string_view id, std::string_view stage, int done, int total)>
      stage;
  /// The report so far: after the self-test, after each case, and at the end. It can be written.
  std::function<void(const Report&)> progressed;
};

/// Runs `cases` in order and returns the report. Where `context.check_interrupt` throws Interrupted
/// the report so far is returned, with `complete` false; the case that it interrupted is left out.
/// With the report of an earlier run, `before`, that run goes on: it keeps its name, its start and
/// its cases, which `cases` has none of; of the two noise floors the report has the larger.
Report run(const std::vector<Case>& cases, const Context& context, const RunObserver& observer,
           const std::optional<Report>& before = {});

}  // namespace hadal::bench
