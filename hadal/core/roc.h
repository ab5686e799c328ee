#pragma once

#include "hadal/core/statistics.h"

#include <span>

namespace hadal {

/// The chance that a score of the positives is above one of the negatives, ties half.
struct RocArea {
  double value = 0;
  Interval interval;  ///< 95 %
};

/// The area under the curve of true against false alarms, which is Mann and Whitney's statistic.
/// The interval holds the areas from which the one that was seen is within 1.96 standard errors,
/// these being Hanley and McNeil's (1982) for the area in question (Newcombe, 2006, method 5), so
/// that it has a width where all positives are above all negatives. Throws InvalidArgument where a
/// sample is empty or holds a value that is not finite.
RocArea roc_area(std::span<const double> positives, std::span<const double> negatives);

}  // namespace hadal
