#include "hadal/models/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hadal::models {

double Schedule::at(std::int64_t step) const {
  if (step < warm_up) return peak * (static_cast<double>(step + 1) / static_cast<double>(warm_up));
  if (kind == Kind::constant) return peak;
  const double progress =
      std::min(1.0, static_cast<double>(step - warm_up) /
                        static_cast<double>(std::max<std::int64_t>(1, steps - warm_up)));
  const double share = 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return peak * (last_share + (1.0 - last_share) * share);
}

}  // namespace hadal::models
