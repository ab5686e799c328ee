#include "hadal/hpts/distributed/orthogonalize.h"

#include <algorithm>
#include <cmath>

namespace hadal::hpts {
namespace {

using Row = std::span<float>;

// What is left of a row that depends on others is the rounding of its entries.
constexpr double kDependent = 1e-5;

double dot(Row a, Row b) {
  // Several sums, which the compiler may keep in one vector.
  constexpr std::size_t kLanes = 8;
  double sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= a.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      sums[lane] += static_cast<double>(a[i + lane]) * b[i + lane];
    }
  }
  for (; i < a.size(); ++i) sums[0] += static_cast<double>(a[i]) * b[i];
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

void subtract(Row from, double factor, Row row) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    from[i] = static_cast<float>(from[i] - factor * row[i]);
  }
}

}  // namespace

std::vector<std::int64_t> orthogonalize(std::span<float> rows, std::int64_t count) {
  const std::size_t length = rows.size() / static_cast<std::size_t>(count);
  const auto row = [&](std::int64_t i) {
    return rows.subspan(static_cast<std::size_t>(i) * length, length);
  };
  std::vector<std::int64_t> dependent;
  for (std::int64_t i = 0; i < count; ++i) {
    const double before = std::sqrt(dot(row(i), row(i)));
    for (int pass = 0; pass < 2; ++pass) {
      for (std::int64_t j = 0; j < i; ++j) subtract(row(i), dot(row(i), row(j)), row(j));
    }
    const double norm = std::sqrt(dot(row(i), row(i)));
    // Written so that NaN stays NaN: the step has to see that a gradient was not finite.
    if (norm <= kDependent * before) {
      std::ranges::fill(row(i), 0.0F);
      dependent.push_back(i);
      continue;
    }
    for (float& value : row(i)) value = static_cast<float>(value / norm);
  }
  return dependent;
}

}  // namespace hadal::hpts
