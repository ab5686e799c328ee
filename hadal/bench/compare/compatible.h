#pragma once

#include "hadal/bench/report/report.h"

#include <string>
#include <vector>

namespace hadal::bench {

/// Throws InvalidArgument, listing every difference, where measurements of the two runs must not be
/// set against each other.
void require_compatible(const Report& baseline_run, const Report& candidate_run);

/// Differences between the runs that leave them comparable but that a reader should know of.
std::vector<std::string> warnings_of(const Report& baseline_run, const Report& candidate_run);

/// The case called `id`, or null.
const CaseResult* find_case(const Report& report, const std::string& id);

}  // namespace hadal::bench
