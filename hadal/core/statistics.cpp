#include "hadal/core/statistics.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace hadal {
namespace {

void check_sample(std::span<const double> values, std::string_view of) {
  if (values.empty()) throw InvalidArgument(concat("the ", of, " of no values is not defined"));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw InvalidArgument(concat(of, ": value ", i, " is ", values[i], ", not a finite number"));
    }
  }
}

void check_positive(std::span<const double> values, std::string_view of) {
  check_sample(values, of);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] <= 0) {
      throw InvalidArgument(concat(of, ": value ", i, " is ", values[i], ", not positive"));
    }
  }
}

void check_pairs(std::span<const double> numerators, std::span<const double> denominators,
                 std::string_view of) {
  if (numerators.size() == denominators.size()) return;
  throw InvalidArgument(concat(of, ": ", numerators.size(), " numerators, but ",
                               denominators.size(), " denominators"));
}

void check_resamples(int resamples, std::string_view of) {
  if (resamples >= 1) return;
  throw InvalidArgument(concat(of, ": ", resamples, " resamples, but at least 1 is needed"));
}

/// The quantile of `values`, which it reorders.
double select_quantile(std::span<double> values, double q) {
  const double position = q * static_cast<double>(values.size() - 1);
  const auto index = static_cast<std::size_t>(position);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), at, values.end());
  const double fraction = position - static_cast<double>(index);
  if (fraction == 0) return *at;
  return std::lerp(*at, *std::min_element(at + 1, values.end()), fraction);
}

}  // namespace

double mean(std::span<const double> values) {
  check_sample(values, "mean");
  // The running mean does not overflow where the sum would.
  double result = 0;
  double count = 0;
  for (const double value : values) {
    count += 1;
    result += value / count - result / count;
  }
  return result;
}

double geometric_mean(std::span<const double> values) {
  check_positive(values, "geometric mean");
  std::vector<double> logarithms(values.begin(), values.end());
  for (double& value : logarithms) value = std::log(value);
  return std::exp(mean(logarithms));
}

double median(std::span<const double> values) {
  check_sample(values, "median");
  std::vector<double> copy(values.begin(), values.end());
  return select_quantile(copy, 0.5);
}

double quantile(std::span<const double> values, double q) {
  check_sample(values, "quantile");
  if (!(q >= 0 && q <= 1)) throw InvalidArgument(concat("quantile ", q, " is not within 0 and 1"));
  std::vector<double> copy(values.begin(), values.end());
  return select_quantile(copy, q);
}

Interval median_interval(std::span<const double> values, std::uint64_t seed, int resamples) {
  check_sample(values, "interval of the median");
  check_resamples(resamples, "interval of the median");
  Random random(seed, "hadal.median_interval");
  std::vector<double> medians(static_cast<std::size_t>(resamples));
  std::vector<double> resample(values.size());
  for (double& one : medians) {
    for (double& value : resample) value = values[random.below(values.size())];
    one = select_quantile(resample, 0.5);
  }
  return {select_quantile(medians, 0.025), select_quantile(medians, 0.975)};
}

std::vector<double> paired_ratios(std::span<const double> numerators,
                                  std::span<const double> denominators) {
  check_pairs(numerators, denominators, "paired ratios");
  check_positive(numerators, "numerators");
  check_positive(denominators, "denominators");
  std::vector<double> ratios;
  ratios.reserve(numerators.size());
  for (std::size_t i = 0; i < numerators.size(); ++i) {
    ratios.push_back(numerators[i] / denominators[i]);
  }
  return ratios;
}

Interval ratio_of_means_interval(std::span<const double> numerators,
                                 std::span<const double> denominators, std::uint64_t seed,
                                 int resamples) {
  constexpr std::string_view kOf = "interval of the ratio of means";
  check_sample(numerators, kOf);
  check_sample(denominators, kOf);
  check_pairs(numerators, denominators, kOf);
  check_resamples(resamples, kOf);
  if (std::any_of(denominators.begin(), denominators.end(), [](double x) { return x < 0; }) ||
      mean(denominators) == 0) {
    throw InvalidArgument(concat(kOf, ": expected denominators of 0 or more, and not 0 alone"));
  }
  Random random(seed, "hadal.ratio_of_means_interval");
  std::vector<double> ratios;
  while (ratios.size() < static_cast<std::size_t>(resamples)) {
    double above = 0;
    double below = 0;
    for (std::size_t i = 0; i < numerators.size(); ++i) {
      const auto drawn = random.below(numerators.size());
      above += numerators[drawn];
      below += denominators[drawn];
    }
    if (below > 0) ratios.push_back(above / below);
  }
  return {select_quantile(ratios, 0.025), select_quantile(ratios, 0.975)};
}

Interval proportion_interval(std::int64_t successes, std::int64_t trials) {
  if (trials < 1 || successes < 0 || successes > trials) {
    throw InvalidArgument(
        concat("interval of a proportion: ", successes, " successes of ", trials, " trials"));
  }
  constexpr double kZ = 1.959963984540054;  // 97.5 % quantile of the normal distribution
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double scale = 1 / (1 + kZ * kZ / n);
  const double center = scale * (p + kZ * kZ / (2 * n));
  const double half = scale * kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  // Exact at the ends, where rounding would leave a trace.
  return {successes == 0 ? 0.0 : center - half, successes == trials ? 1.0 : center + half};
}

}  // namespace hadal
