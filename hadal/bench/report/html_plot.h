#pragma once

#include "hadal/bench/report/curves.h"
#include "hadal/bench/report/report.h"
#include "hadal/core/markup.h"

#include <vector>

namespace hadal::bench {

/// A logarithmic axis that holds every speedup, interval and tolerance band of a report, and 1.
class RatioAxis {
 public:
  explicit RatioAxis(const std::vector<CaseResult>& cases);
  /// Where `ratio` lies, from 0 (left end) to 100 (right end).
  double percent(double ratio) const;
  /// Powers of two at which to label the axis; at most seven.
  const std::vector<double>& ticks() const { return ticks_; }

 private:
  double low_ = -1;  // base-2 logarithms
  double high_ = 1;
  std::vector<double> ticks_;
};

/// The mark that stands for a verdict, in plots and beside its name: told apart by shape.
Markup verdict_icon(Verdict verdict);

/// The labelled axis above the plots of single cases.
Markup axis_plot(const RatioAxis& axis);

/// One case's row of the forest plot: tolerance band, reference line at 1, interval and median.
/// Expects a case with a speed.
Markup forest_plot(const RatioAxis& axis, const CaseResult& result);

/// The single times of the three sides on one linear axis, with medians and their intervals.
Markup samples_plot(const Speed& speed);

/// A quantity over the number that its metrics differ in; both axes begin at 0 or below.
Markup curve_plot(const Curve& curve);

}  // namespace hadal::bench
