#pragma once

#include "hadal/bench/report/report.h"

#include <cstdint>
#include <functional>

namespace hadal::bench {

/// Far beyond what a quiet machine's noise makes of equal sides.
inline constexpr double kClearlyAhead = 1.25;

/// Seconds of a clock that never goes back.
double steady_seconds();

/// How long and how often to time.
struct RoundsOptions {
  int least = 5;       ///< rounds that are timed whatever they take; 5 or more
  int most = 61;       ///< rounds after which it ends
  double seconds = 4;  ///< no round begins after as much, beyond the least
  /// The same where the verdict is clear: each round has had the same side ahead, by a factor of
  /// kClearlyAhead or more.
  double seconds_if_clear = 1.5;
  /// A sample repeats its side until it has lasted about as long, so that the clock and the
  /// scheduler do not show in it.
  double sample_seconds = 0.02;
  std::uint64_t seed = 1;  ///< of the order within rounds and of the bootstrap
  std::function<double()> now = steady_seconds;  ///< the clock; tests put their own
};

/// Called before each round with its number and the number expected; may throw to stop.
using RoundObserver = std::function<void(int round, int expected)>;

/// Times `candidate` against `baseline`, both of which have run before (warm-up is the caller's).
/// Each round takes one sample of the baseline, one of the candidate and one of the baseline again,
/// in random order, so that drift and interruptions of the machine hit all alike. Estimates are
/// medians over the rounds with a bootstrap 95 % interval; the speedup is that of the rounds' own
/// ratios. The noise floor is the largest distance from 1 in the interval of baseline / baseline
/// again, and the tolerance the larger of it, of `machine_noise_floor` and of kLeastTolerance.
Speed time_rounds(const std::function<void()>& baseline, const std::function<void()>& candidate,
                  double machine_noise_floor, const RoundsOptions& options,
                  const RoundObserver& observer);

/// The A/A self-test of this machine: a fixed mix of matrix products and passes over memory, timed
/// against itself as time_rounds() does.
Estimate machine_noise(std::uint64_t seed, const RoundObserver& observer);

}  // namespace hadal::bench
