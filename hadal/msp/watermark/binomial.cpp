#include "hadal/msp/watermark/binomial.h"

#include "hadal/core/error.h"

#include <cmath>

namespace hadal::msp::watermark {

double log10_binomial_tail(std::int64_t successes, std::int64_t trials) {
  if (trials <= 0 || successes < 0 || successes > trials) {
    throw InvalidArgument(concat("expected 0 <= successes <= trials and trials > 0, got ",
                                 successes, " and ", trials));
  }
  // Terms relative to the first, largest where successes lie above the half.
  const double n = static_cast<double>(trials), k = static_cast<double>(successes);
  const double first =
      std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::log(2.0);
  double sum = 0, term = 1;
  for (double i = k; i <= n; ++i) {
    sum += term;
    term *= (n - i) / (i + 1);
  }
  return std::fmin(0.0, (first + std::log(sum)) / std::log(10.0));
}

}  // namespace hadal::msp::watermark
