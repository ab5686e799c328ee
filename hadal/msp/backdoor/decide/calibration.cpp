#include "hadal/msp/backdoor/decide/calibration.h"

#include "hadal/core/error.h"
#include "hadal/core/statistics.h"

#include <algorithm>
#include <cmath>

namespace hadal::msp {
namespace {

constexpr double kNormal = 1.4826;  // deviation / median absolute deviation, of a normal variable

struct Spread {
  double middle = 0;
  double deviation = 0;
};

Spread spread_of(const std::vector<double>& values) {
  const double middle = median(values);
  std::vector<double> away;
  for (const double value : values) away.push_back(std::abs(value - middle));
  return {.middle = middle, .deviation = kNormal * median(away)};
}

/// Of each score over all models.
std::vector<Spread> spreads_of(std::span<const std::vector<double>> rows) {
  std::vector<Spread> spreads;
  std::vector<double> deviations;
  for (std::size_t i = 0; i < rows[0].size(); ++i) {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row[i]);
    spreads.push_back(spread_of(values));
    deviations.push_back(spreads.back().deviation);
  }
  // A score that happens to agree in most models must not make much of a small difference.
  const double least = std::max(median(deviations) / 20, 1e-9);
  for (Spread& spread : spreads) spread.deviation = std::max(spread.deviation, least);
  return spreads;
}

BackdoorDecision largest(const std::vector<double>& row, const std::vector<Spread>& spreads) {
  BackdoorDecision decision{.statistic = -INFINITY};
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double z = (row[i] - spreads[i].middle) / spreads[i].deviation;
    if (z > decision.statistic) decision = {.statistic = z, .place = i};
  }
  return decision;
}

}  // namespace

BackdoorDecision decide_backdoor(std::span<const std::vector<double>> clean,
                                 const std::vector<double>& judged) {
  if (clean.empty() || judged.empty()) {
    throw InvalidArgument("backdoor decision: expected a clean model, and scores");
  }
  std::vector<std::vector<double>> all(clean.begin(), clean.end());
  all.push_back(judged);
  for (const auto& row : all) {
    if (row.size() != judged.size() ||
        !std::ranges::all_of(row, [](double x) { return std::isfinite(x); })) {
      throw InvalidArgument(concat("backdoor decision: expected ", judged.size(),
                                   " finite scores of each clean model"));
    }
  }
  const std::vector<Spread> spreads = spreads_of(all);
  BackdoorDecision decision = largest(judged, spreads);
  const auto as_large = std::ranges::count_if(clean, [&](const std::vector<double>& row) {
    return largest(row, spreads).statistic >= decision.statistic;
  });
  decision.p = static_cast<double>(1 + as_large) / static_cast<double>(clean.size() + 1);
  return decision;
}

std::vector<double> anomaly_indices(const std::vector<double>& sizes) {
  const Spread spread = spread_of(sizes);
  std::vector<double> indices;
  for (const double size : sizes) {
    indices.push_back((spread.middle - size) / std::max(spread.deviation, 1e-9));
  }
  return indices;
}

}  // namespace hadal::msp
