#pragma once

namespace hadal::hpts {

/// Whether `value` counts as below `bound`, where crossing it takes `margin` (a share of the bound)
/// more: the bound is raised for one that `is_below` so far, and lowered for one that is not.
inline bool stays_below(double value, double bound, double margin, bool is_below) {
  return value < (is_below ? bound * (1 + margin) : bound / (1 + margin));
}

}  // namespace hadal::hpts
