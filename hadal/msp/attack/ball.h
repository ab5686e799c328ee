#pragma once

#include "hadal/msp/attack/streams.h"
#include "hadal/msp/attack/threat.h"

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// The points that a threat allows around each row of clean inputs [n, ...].
class Ball {
 public:
  Ball(const Threat& threat, const at::Tensor& clean);
  /// That around the rows `index`, int64 [m].
  Ball rows(const at::Tensor& index) const;

  /// Allowed points near `points` [n, ...]: the nearest in L2 for linf and l1; for l2 the points
  /// drawn towards the clean input, then clamped to the range. Rounding may leave l2 and l1 norms
  /// above epsilon in the last digits.
  at::Tensor project(const at::Tensor& points) const;
  /// The same with no distance above epsilon and no value out of the range when both are computed
  /// in fp64: points that rounding leaves outside are drawn inwards by as much.
  at::Tensor confine(const at::Tensor& points) const;
  /// Uniform in the ball, and clamped to the range. An infinite epsilon is taken for the range's
  /// width.
  at::Tensor random_point(Streams& streams) const;

  const Threat& threat() const { return threat_; }
  const at::Tensor& clean() const { return clean_; }
  /// The least and greatest value that each element may take, rounded inwards.
  const at::Tensor& lower() const { return lower_; }
  const at::Tensor& upper() const { return upper_; }

 private:
  Threat threat_;
  at::Tensor clean_, lower_, upper_;
};

/// The direction of unit norm in which `gradients` [n, ...] rise: their signs for linf, themselves
/// over their norm for l2, and for l1 the signs of the hundredth of elements that is largest, over
/// their number (Tramer and Boneh, 2019). 0 where a gradient is 0.
at::Tensor steepest(Norm norm, const at::Tensor& gradients);

}  // namespace hadal::msp
