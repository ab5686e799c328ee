#pragma once

#include "hadal/bench/report/report.h"

#include <string>
#include <vector>

namespace hadal::bench {

/// Metrics that are one quantity at several places: "accuracy within 0.1", "accuracy within 0.2".
struct Curve {
  std::string name;  ///< up to the number
  std::string unit;
  struct Point {
    double x = 0;
    double y = 0;
  };
  std::vector<Point> points;  ///< in the order of x
};

/// The metrics whose names end in a number and are equal before it, with one unit, three or more
/// of them and all finite; in the order in which they begin.
std::vector<Curve> curves_of(const std::vector<Metric>& metrics);

}  // namespace hadal::bench
