#pragma once

#include "hadal/bench/report/report.h"

namespace hadal::bench {

/// No difference below this fraction is called one, however quiet the machine.
inline constexpr double kLeastTolerance = 0.05;

/// Where noise asks for a larger tolerance than this, nothing is called the same any more.
inline constexpr double kMostTolerance = 0.25;

/// What the 95 % interval of a ratio (above 1: faster) says, where differences of up to `tolerance`
/// (a fraction) count as none: better or worse only where the whole interval is beyond it.
/// Symmetric in the two directions: a ratio r is judged as 1 / r is, the other way round.
Verdict judge(const Estimate& ratio, double tolerance);

}  // namespace hadal::bench
