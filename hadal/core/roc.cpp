#include "hadal/core/roc.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace hadal {
namespace {

constexpr double kWidth = 1.959963984540054;  // 97.5 % quantile of the normal distribution

void check_scores(std::span<const double> scores, std::string_view what) {
  if (scores.empty() || !std::ranges::all_of(scores, [](double x) { return std::isfinite(x); })) {
    throw InvalidArgument(
        concat("roc area: expected finite scores of ", what, ", and one at least"));
  }
}

/// The standard error of an area `x` over m and n scores.
double standard_error(double x, double m, double n) {
  const double pairs = (m + n) / 2 - 1;
  const double variance =
      x * (1 - x) * (1 + pairs * (1 - x) / (2 - x) + pairs * x / (1 + x)) / (m * n);
  return std::sqrt(std::max(0.0, variance));
}

/// The area between `seen` and `end`, 0 or 1, from which `seen` is just far enough.
double bound(double seen, double end, double m, double n) {
  double inside = seen, outside = end;
  for (int i = 0; i < 60; ++i) {
    const double middle = (inside + outside) / 2;
    const bool is_inside = std::abs(middle - seen) <= kWidth * standard_error(middle, m, n);
    (is_inside ? inside : outside) = middle;
  }
  return inside;
}

}  // namespace

RocArea roc_area(std::span<const double> positives, std::span<const double> negatives) {
  check_scores(positives, "positives");
  check_scores(negatives, "negatives");
  double wins = 0;
  for (const double positive : positives) {
    for (const double negative : negatives) {
      wins += positive > negative ? 1 : positive == negative ? 0.5 : 0;
    }
  }
  const auto m = static_cast<double>(positives.size()), n = static_cast<double>(negatives.size());
  const double area = wins / (m * n);
  return {.value = area, .interval = {bound(area, 0, m, n), bound(area, 1, m, n)}};
}

}  // namespace hadal
