#pragma once

#include "hadal/bench/report/report.h"

namespace hadal::bench {

/// This build and this machine, as a report records them.
Environment environment();

/// 32 random hexadecimal digits that name a run.
std::string new_run_id();

/// The time now, UTC, ISO 8601: "2026-01-31T12:34:56Z".
std::string utc_now();

}  // namespace hadal::bench
