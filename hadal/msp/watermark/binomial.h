#pragma once

#include <cstdint>

namespace hadal::msp::watermark {

/// The chance that `trials` throws of a fair coin show heads `successes` times or more, exact but
/// for rounding, as its logarithm to the base 10. Throws InvalidArgument unless 0 <= successes <=
/// trials and trials > 0.
double log10_binomial_tail(std::int64_t successes, std::int64_t trials);

}  // namespace hadal::msp::watermark
