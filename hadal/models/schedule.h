#pragma once

#include <cstdint>

namespace hadal::models {

/// The learning rate over a run: up linearly over the first steps, then along half a cosine to a
/// share of the peak (Loshchilov and Hutter, 2017, without restarts), or level.
struct Schedule {
  enum class Kind { cosine, constant };

  Kind kind = Kind::cosine;
  double peak = 1e-3;
  std::int64_t warm_up = 0;  ///< steps
  double last_share = 0.0;   ///< of the peak, after the last step; of a cosine
  std::int64_t steps = 1;    ///< in all

  /// The learning rate of step 0, 1, 2 ...
  double at(std::int64_t step) const;
};

}  // namespace hadal::models
