#pragma once

#include "hadal/hpts/monitor/count.h"

#include <cstdint>

namespace hadal::hpts {

/// The limits for values that are multiplied by `factor`, a positive finite number, before they are
/// rounded to nearest even: the limits are divided by it instead, exactly where it is a power of 2.
CountLimits count_limits(double factor);

/// The number that `bits` of an fp32 magnitude stand for; independent of whether the processor
/// takes subnormal numbers for zero, as is the above.
double magnitude_of(std::int32_t bits);

}  // namespace hadal::hpts
