#pragma once

#include "hadal/bench/report/report.h"

namespace hadal::bench {

/// This build and this machine, as a report records them.
Environment environment();

/// 32 random hexadecimal digits that name a run.
std::string new_run_id();

}  // namespace hadal::bench
