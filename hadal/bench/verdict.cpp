#include "hadal/bench/verdict.h"

namespace hadal::bench {

Verdict judge(const Estimate& ratio, double tolerance) {
  const double most = 1 + tolerance;
  const double least = 1 / most;
  if (ratio.low > most) return Verdict::better;
  if (ratio.high < least) return Verdict::worse;
  const bool within = ratio.low >= least && ratio.high <= most;
  if (within && tolerance <= kMostTolerance) return Verdict::same;
  return Verdict::inconclusive;
}

}  // namespace hadal::bench
