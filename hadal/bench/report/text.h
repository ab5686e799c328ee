#pragma once

#include "hadal/bench/report/report.h"

#include <string>

namespace hadal::bench {

/// The report as plain text for a terminal, at most 100 columns: one line a case (id, verdict,
/// speedup with its interval, quality and whether it keeps its bound, peak memory of baseline and
/// candidate), the message of each case that failed or got worse, the counts of verdicts and the
/// noise floor. Control characters in the report's texts are replaced, so that it cannot steer the
/// terminal.
std::string summary_table(const Report& report);

}  // namespace hadal::bench
