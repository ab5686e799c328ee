#include "hadal/hpts/monitor/limits.h"

#include <algorithm>
#include <cmath>

namespace hadal::hpts {
namespace {

constexpr int kFractionBits = 23;
constexpr int kBias = 127;
constexpr std::int32_t kInfinity = 0x7f800000;

/// The bits of the smallest fp32 magnitude that is at least `limit`, or above it where `strictly`;
/// at least 1, so that zero is below every limit.
std::int32_t first_from(double limit, bool strictly) {
  if (!(limit < 0x1p128)) return kInfinity;
  const int exponent = std::max(limit > 0 ? std::ilogb(limit) : -1'000, 1 - kBias);
  // Subnormal numbers have the exponent of the smallest normal ones, less the leading 1.
  const double steps = std::ldexp(limit, kFractionBits - exponent);
  const auto whole = static_cast<std::int64_t>(strictly ? std::floor(steps) + 1 : std::ceil(steps));
  const std::int64_t bits = (std::int64_t{exponent + kBias - 1} << kFractionBits) + whole;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(bits, 1, kInfinity));
}

}  // namespace

CountLimits count_limits(double factor) {
  // Halfway between two numbers of a format the even one wins: from 2^-25 fp16's zero over its
  // smallest subnormal 2^-24, from 2^-14 - 2^-25 its smallest normal number, from 65,520 infinity.
  return {.fp16_nonzero = first_from(0x1p-25 / factor, true),
          .fp16_normal = first_from((0x1p-14 - 0x1p-25) / factor, false),
          .fp16_overflow = first_from(65'520 / factor, false),
          .bf16_nonzero = first_from(0x1p-134 / factor, true),
          .bf16_normal = first_from((0x1p-126 - 0x1p-134) / factor, false)};
}

double magnitude_of(std::int32_t bits) {
  const int exponent = bits >> kFractionBits;
  const std::int32_t fraction = bits & ((1 << kFractionBits) - 1);
  return exponent == 0
             ? std::ldexp(fraction, 1 - kBias - kFractionBits)
             : std::ldexp(fraction + (1 << kFractionBits), exponent - kBias - kFractionBits);
}

}  // namespace hadal::hpts
