#pragma once

#include "hadal/bench/report/report.h"

#include <cstdint>
#include <string>

namespace hadal::bench {

// Numbers as people read them: three or four significant digits with their unit, the decimal point
// whatever the locale.

/// "0.123", "1.23", "12.3", "123": three digits, as a speedup needs.
std::string format_ratio(double ratio);
/// "1.23x [1.19, 1.27]".
std::string format_ratio(const Estimate& ratio);
/// "1.20 GiB".
std::string format_bytes(std::int64_t bytes);
/// "12.3 ms"; from a minute on "4 min 12 s".
std::string format_seconds(double seconds);
/// "12.3 ms [12.1 ms, 12.5 ms]".
std::string format_seconds(const Estimate& seconds);
/// "137 GFLOP".
std::string format_flops(double flops);
/// "1.8 %" of the fraction 0.018.
std::string format_percent(double fraction);
/// Four significant digits; "not a number" where it is none.
std::string format_value(double value);
/// A metric's value with its unit; bytes in binary multiples.
std::string format_metric(const Metric& metric);

}  // namespace hadal::bench
