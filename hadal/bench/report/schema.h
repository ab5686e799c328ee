#pragma once

#include "hadal/core/json/fields.h"

namespace hadal::bench {

inline constexpr JsonSchema kReportSchema{
    .name = "hadal-bench-report",
    .version = 1,
    .document = "the report",
    .hint = "use the build of Hadal that wrote the report, or run the benchmarks again"};

}  // namespace hadal::bench
