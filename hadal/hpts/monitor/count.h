#pragma once

// What one pass over a gradient counts. Plain, as the kernel is compiled once an instruction set.
#include <stdint.h>

namespace hadal::hpts {

/// The magnitudes at which a value changes its class, as bits of fp32. All are above 0 and at most
/// the bits of infinity.
struct CountLimits {
  int32_t fp16_nonzero;   ///< the smallest that fp16 does not round to zero
  int32_t fp16_normal;    ///< the smallest that fp16 rounds to a normal number
  int32_t fp16_overflow;  ///< the smallest that fp16 rounds to infinity
  int32_t bf16_nonzero;
  int32_t bf16_normal;
};

/// Counts of a run of values. `below_...` count the zeros and what is not finite too.
struct Counts {
  double squares;  ///< of the finite values
  int64_t non_finite;
  int64_t zeros;
  int64_t below_fp16_nonzero;
  int64_t below_fp16_normal;
  int64_t above_fp16;  ///< at least fp16_overflow and finite
  int64_t below_bf16_nonzero;
  int64_t below_bf16_normal;
  int32_t largest;   ///< magnitude, finite; bits of fp32; 0 where all are zero or not finite
  int32_t smallest;  ///< magnitude above 0, finite; bits of fp32; INT32_MAX where there is none
};

/// The longest run that a call may count: lanes count in 32 bits.
constexpr int64_t kLongestRun = int64_t{1} << 24;

}  // namespace hadal::hpts
