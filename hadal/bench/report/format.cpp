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

bool starts_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

/// The byte offset at which code point number `column` of `text` starts.
std::size_t offset_of_column(std::string_view text, std::size_t column) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (starts_code_point(text[at]) && column-- == 0) break;
  }
  return at;
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

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char byte : text) columns += starts_code_point(byte) ? 1 : 0;
  return columns;
}

std::string fit(std::string_view text, std::size_t columns) {
  constexpr std::string_view kCut = "...";
  const std::size_t length = columns_of(text);
  if (length <= columns) return std::string(text) + std::string(columns - length, ' ');
  if (columns <= kCut.size()) return std::string(kCut.substr(0, columns));
  const std::size_t kept = columns - kCut.size();
  const std::size_t head = kept / 2;
  const std::size_t tail = kept - head;
  return concat(text.substr(0, offset_of_column(text, head)), kCut,
                text.substr(offset_of_column(text, length - tail)));
}

std::string wrap(std::string_view text, std::size_t indent, std::size_t columns) {
  const std::size_t room = columns > indent ? columns - indent : 1;
  std::string result;
  while (!text.empty()) {
    std::size_t end = text.size();
    std::size_t next = end;
    if (columns_of(text) > room) {
      const std::size_t limit = offset_of_column(text, room);
      const std::size_t space = text.substr(0, limit + 1).rfind(' ');
      const bool at_space = space != std::string_view::npos && space > 0;
      end = at_space ? space : limit;
      next = at_space ? space + 1 : limit;
    }
    result.append(indent, ' ').append(text.substr(0, end)) += '\n';
    text.remove_prefix(next);
  }
  return result;
}

}  // namespace hadal::bench
