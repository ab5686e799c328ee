#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hadal {

// All functions throw InvalidArgument where a sample is empty or holds a value that is not finite.

double mean(std::span<const double> values);
/// Throws InvalidArgument also where a value is not positive.
double geometric_mean(std::span<const double> values);
double median(std::span<const double> values);
/// The value below which a fraction `q` in [0, 1] of the sample lies, interpolated linearly between
/// order statistics (type 7 of Hyndman and Fan, 1996; NumPy's and R's default).
double quantile(std::span<const double> values, double q);

struct Interval {
  double low = 0;
  double high = 0;
};

/// 95 % confidence interval of the median: the percentile bootstrap (Efron, 1979) with `resamples`
/// samples drawn with replacement. The same arguments give the same interval.
Interval median_interval(std::span<const double> values, std::uint64_t seed,
                         int resamples = 10'000);

/// numerators[i] / denominators[i], to be given to median() and median_interval(). Throws
/// InvalidArgument where the lengths differ or a value is not positive.
std::vector<double> paired_ratios(std::span<const double> numerators,
                                  std::span<const double> denominators);

/// 95 % confidence interval of mean(numerators) / mean(denominators) where both were measured on
/// the same items: the percentile bootstrap over items, as median_interval(); resamples of which
/// all denominators are 0 are drawn again. Throws InvalidArgument where the lengths differ, or a
/// denominator is negative or all are 0.
Interval ratio_of_means_interval(std::span<const double> numerators,
                                 std::span<const double> denominators, std::uint64_t seed,
                                 int resamples = 10'000);

/// 95 % confidence interval of a proportion of which `successes` out of `trials` were seen (Wilson,
/// 1927, without continuity correction). Throws InvalidArgument unless 0 <= successes <= trials and
/// trials > 0.
Interval proportion_interval(std::int64_t successes, std::int64_t trials);

}  // namespace hadal
