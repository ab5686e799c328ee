#pragma once

#include <cstdint>

namespace hadal {

/// The regularized incomplete beta function I_x(a, b), which is the distribution function of the
/// beta distribution: by its continued fraction (Lentz's method). Throws InvalidArgument unless x
/// is in [0, 1], and a and b are positive and finite.
double beta_distribution(double x, double a, double b);

/// The value below which a standard normal variable lies with probability `p`; infinite at 0 and 1.
/// Throws InvalidArgument outside of [0, 1].
double normal_quantile(double p);

/// The lower end of the exact one-sided interval of a proportion (Clopper and Pearson, 1934): with
/// any smaller one, `successes` or more of `trials` have a probability below `error`. Throws
/// InvalidArgument unless 0 <= successes <= trials, trials > 0 and 0 < error < 1.
double proportion_lower_bound(std::int64_t successes, std::int64_t trials, double error);

/// The probability that a fair coin shows heads in `heads` or more of `tosses`, as its logarithm to
/// the base 10, however small it is. Throws InvalidArgument unless 0 <= heads <= tosses and
/// tosses > 0.
double log10_fair_coin_tail(std::int64_t heads, std::int64_t tosses);

/// The probability that a fair coin falls as unevenly as `heads` of `tosses` or more so, on either
/// side. Throws InvalidArgument unless 0 <= heads <= tosses and tosses > 0.
double fair_coin_p_value(std::int64_t heads, std::int64_t tosses);

}  // namespace hadal
