#include "hadal/core/binomial.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace hadal {
namespace {

/// The continued fraction of I_x(a, b), which converges quickly for x < (a + 1) / (a + b + 2).
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300;
  const int most = 1'000 + static_cast<int>(10 * std::sqrt(std::max(a, b)));
  const auto away = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / away(1 - (a + b) * x / (a + 1));
  double value = d;
  for (int m = 1; m <= most; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    value *= d * c;
    if (std::abs(d * c - 1) < std::numeric_limits<double>::epsilon()) break;
  }
  return value;
}

void check_counts(std::int64_t successes, std::int64_t trials, const char* what) {
  if (trials < 1 || successes < 0 || successes > trials) {
    throw InvalidArgument(concat(what, ": ", successes, " of ", trials));
  }
}

/// The probability of `successes` or more, of which each trial has probability `p`.
double at_least(std::int64_t successes, std::int64_t trials, double p) {
  if (successes == 0) return 1;
  return beta_distribution(p, static_cast<double>(successes),
                           static_cast<double>(trials - successes + 1));
}

}  // namespace

double beta_distribution(double x, double a, double b) {
  if (!(x >= 0 && x <= 1) || !(a > 0) || !(b > 0) || !std::isfinite(a + b)) {
    throw InvalidArgument(
        concat("beta distribution: expected x in [0, 1], and positive a and b, got ", x, ", ", a,
               " and ", b));
  }
  if (x == 0 || x == 1) return x;
  const double factor = std::exp(a * std::log(x) + b * std::log1p(-x) + std::lgamma(a + b) -
                                 std::lgamma(a) - std::lgamma(b));
  if (x < (a + 1) / (a + b + 2)) return factor * beta_fraction(x, a, b) / a;
  return 1 - factor * beta_fraction(1 - x, b, a) / b;
}

double normal_quantile(double p) {
  if (!(p >= 0 && p <= 1)) {
    throw InvalidArgument(concat("normal quantile: expected a probability, got ", p));
  }
  if (p > 0.5) return -normal_quantile(1 - p);
  if (p == 0) return -std::numeric_limits<double>::infinity();
  // Bisection on the logarithm's scale is as exact as erfc, and needs no table of coefficients.
  double low = -40, high = 0;
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    (std::erfc(-middle / std::numbers::sqrt2) / 2 < p ? low : high) = middle;
  }
}

double proportion_lower_bound(std::int64_t successes, std::int64_t trials, double error) {
  check_counts(successes, trials, "lower bound of a proportion");
  if (!(error > 0 && error < 1)) {
    throw InvalidArgument(
        concat("lower bound of a proportion: expected an error in (0, 1), got ", error));
  }
  if (successes == 0) return 0;
  double low = 0, high = 1;
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return low;
    (at_least(successes, trials, middle) < error ? low : high) = middle;
  }
}

double log10_fair_coin_tail(std::int64_t heads, std::int64_t tosses) {
  check_counts(heads, tosses, "tosses of a coin");
  // Terms relative to the first, which is the largest where heads are more than a half.
  const auto n = static_cast<double>(tosses), k = static_cast<double>(heads);
  const double first =
      std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::numbers::ln2;
  double sum = 0, term = 1;
  for (double i = k; i <= n; ++i) {
    sum += term;
    term *= (n - i) / (i + 1);
  }
  return std::min(0.0, (first + std::log(sum)) / std::numbers::ln10);
}

double fair_coin_p_value(std::int64_t heads, std::int64_t tosses) {
  check_counts(heads, tosses, "tosses of a coin");
  const std::int64_t more = std::max(heads, tosses - heads);
  return std::min(1.0, 2 * std::pow(10, log10_fair_coin_tail(more, tosses)));
}

}  // namespace hadal
