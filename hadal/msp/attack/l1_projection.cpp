#include "hadal/msp/attack/l1_projection.h"

#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/where.h>

namespace hadal::msp {

// The norm left by a threshold t is S(t) = sum max(a - t, 0) - max(b - t, 0), where a are the
// magnitudes and b what of them is outside the room. It grows as t falls past the points a and b.
at::Tensor project_l1(const at::Tensor& perturbations, const at::Tensor& lower,
                      const at::Tensor& upper, double epsilon) {
  const at::Tensor p = perturbations.to(at::kDouble);
  const at::Tensor room =
      at::where(p < 0, lower.to(at::kDouble).neg(), upper.to(at::kDouble)).clamp_min(0);
  const at::Tensor magnitude = p.abs();
  const at::Tensor outside = (magnitude - room).clamp_min(0);

  const at::Tensor signs = at::cat({at::ones_like(p), at::ones_like(p).neg()}, 1);
  const auto [points, order] = at::cat({magnitude, outside}, 1).sort(1, /*descending=*/true);
  const at::Tensor sign = signs.gather(1, order);
  const at::Tensor slope = sign.cumsum(1);
  const at::Tensor offset = (sign * points).cumsum(1);
  const at::Tensor left = offset - points * slope;  // S at each point, not falling

  // The first point where S reaches epsilon; t lies between it and the one before.
  const at::Tensor goal = at::ones_like(p.slice(1, 0, 1)) * epsilon;
  const at::Tensor place = at::searchsorted(left.contiguous(), goal).sub_(1).clamp_min_(0);
  const at::Tensor threshold =
      ((offset.gather(1, place) - epsilon) / slope.gather(1, place).clamp_min(1)).clamp_min(0);
  const at::Tensor kept = at::minimum((magnitude - threshold).clamp_min(0), room);
  const at::Tensor fits = at::minimum(magnitude, room).sum(1, true) <= epsilon;
  return (at::where(fits, at::minimum(magnitude, room), kept) * p.sign())
      .to(perturbations.scalar_type());
}

}  // namespace hadal::msp
