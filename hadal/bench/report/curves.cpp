#include "hadal/bench/report/curves.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace hadal::bench {
namespace {

constexpr std::size_t kLeastPoints = 3;

/// The number after the last space.
std::optional<double> number_at_end(std::string_view name, std::size_t space) {
  double value = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + space + 1, end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

Curve& curve_named(std::vector<Curve>& curves, std::string_view name, const std::string& unit) {
  for (Curve& curve : curves) {
    if (curve.name == name && curve.unit == unit) return curve;
  }
  return curves.emplace_back(Curve{std::string(name), unit, {}});
}

}  // namespace

std::vector<Curve> curves_of(const std::vector<Metric>& metrics) {
  std::vector<Curve> curves;
  for (const Metric& metric : metrics) {
    const std::size_t space = metric.name.rfind(' ');
    if (space == std::string::npos || space == 0 || !std::isfinite(metric.value)) continue;
    if (const auto x = number_at_end(metric.name, space)) {
      curve_named(curves, std::string_view(metric.name).substr(0, space), metric.unit)
          .points.push_back({*x, metric.value});
    }
  }
  std::erase_if(curves, [](const Curve& curve) { return curve.points.size() < kLeastPoints; });
  for (Curve& curve : curves) std::ranges::stable_sort(curve.points, {}, &Curve::Point::x);
  return curves;
}

}  // namespace hadal::bench
