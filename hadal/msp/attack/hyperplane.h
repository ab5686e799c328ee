#pragma once

#include "hadal/msp/attack/threat.h"

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// The smallest step from each row of `points` [n, d] to the hyperplane {z: weights . z = offsets}
/// (weights [n, d], offsets [n]) that stays within [low, high], in the sense of `norm`. Where the
/// box does not meet the hyperplane, the step goes to the corner of the box nearest to it. Points
/// may lie on either side, and within the box. Exact but for rounding: sorted breakpoints, no
/// iteration (Croce and Hein, 2020, "Minimally distorted adversarial examples", section 2).
at::Tensor step_to_hyperplane(Norm norm, const at::Tensor& points, const at::Tensor& weights,
                              const at::Tensor& offsets, double low, double high);

}  // namespace hadal::msp
