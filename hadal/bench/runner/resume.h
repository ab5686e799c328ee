#pragma once

#include "hadal/bench/report/report.h"
#include "hadal/bench/runner/case.h"

#include <vector>

namespace hadal::bench {

/// Those of `cases` that the run of `report` has not done, and leaves in the report what it has:
/// without cases that failed, which may have been the interruption's fault, and those that measured
/// something else, by their version. Throws InvalidArgument, naming what differs, where the run was
/// of another scale, seed, build or machine than `context` and this process.
std::vector<Case> left_of(const std::vector<Case>& cases, const Context& context, Report& report);

}  // namespace hadal::bench
