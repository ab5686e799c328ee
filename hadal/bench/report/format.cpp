#include "hadal/bench/report/format.h"

#include "hadal/core/error.h"

#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace hadal::bench {
namespace {

struct Unit {
  double size;
  const char* name;
};

constexpr std::array kSeconds{Unit{1, "s"}, Unit{1e-3, "ms"}, Unit{1e-6, "us"}, Unit{1e-9, "ns"}};
constexpr std::array kFlops{Unit{1e15, "PFLOP"}, Unit{1e12, "TFLOP"}, Unit{1e9, "GFLOP"},
                            Unit{1e6, "MFLOP"},  Unit{1e3, "kFLOP"},  Unit{1, "FLOP"}};
constexpr std::array kBytes{Unit{0x1p40, "TiB"}, Unit{0x1p30, "GiB"}, Unit{0x1p20, "MiB"},
                            Unit{0x1p10, "KiB"}, Unit{1, "B"}};

std::string to_text(double value, std::chars_format format, int precision) {
  std::array<char, 400> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format, precision).ptr;
  return {buffer.data(), end};
}

std::string three_digits(double value) {
  const double size = std::abs(value);
  // The borders are where rounding would carry into a further digit.
  if (size >= 999'999.5 || (size < 0.09995 && size > 0)) {
    return to_text(value, std::chars_format::general, 3);
  }
  const int decimals = size < 0.9995 && size > 0 ? 3 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return to_text(value, std::chars_format::fixed, decimals);
}

/// `value` in the largest of `units` (in falling order) in which it is not below 1.
std::string scaled(double value, std::span<const Unit> units) {
  // What would round up to a full next unit is shown in that unit: 1.00 s, not 1000 ms.
  for (const Unit& unit : units) {
    if (std::abs(value) >= 0.9995 * unit.size) {
      return concat(three_digits(value / unit.size), " ", unit.name);
    }
  }
  return concat(three_digits(value / units.back().size), " ", units.back().name);
}

}  // namespace

std::string format_ratio(double ratio) { return three_digits(ratio); }

std::string format_ratio(const Estimate& ratio) {
  return concat(three_digits(ratio.median), "x [", three_digits(ratio.low), ", ",
                three_digits(ratio.high), "]");
}

std::string format_bytes(std::int64_t bytes) {
  if (-1024 < bytes && bytes < 1024) return std::to_string(bytes) + " B";
  return scaled(static_cast<double>(bytes), kBytes);
}

std::string format_seconds(double seconds) {
  if (seconds < 60) return scaled(seconds, kSeconds);
  const auto whole = std::llround(std::min(seconds, 1e15));
  return concat(std::to_string(whole / 60), " min ", whole % 60, " s");
}

std::string format_seconds(const Estimate& seconds) {
  return concat(format_seconds(seconds.median), " [", format_seconds(seconds.low), ", ",
                format_seconds(seconds.high), "]");
}

std::string format_flops(double flops) { return scaled(flops, kFlops); }

std::string format_percent(double fraction) {
  const double percent = 100 * fraction;
  if (std::abs(percent) >= 999'999.5) return three_digits(percent) + " %";
  const int decimals = std::abs(percent) < 9.95 ? 1 : 0;
  return concat(to_text(percent, std::chars_format::fixed, decimals), " %");
}

std::string format_value(double value) {
  if (std::isnan(value)) return "not a number";
  return to_text(value, std::chars_format::general, 4);
}

std::string format_metric(const Metric& metric) {
  if (std::isnan(metric.value)) return format_value(metric.value);
  if (metric.unit == "bytes" && std::abs(metric.value) < 0x1p62) {
    return format_bytes(static_cast<std::int64_t>(metric.value));
  }
  return metric.unit.empty() ? format_value(metric.value)
                             : concat(format_value(metric.value), " ", metric.unit);
}

}  // namespace hadal::bench
