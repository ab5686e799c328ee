#include "hadal/msp/attack/hyperplane.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/where.h>

namespace hadal::msp {
namespace {

struct Sides {
  at::Tensor magnitude;  // [n, d], of the weights
  at::Tensor room;       // [n, d], how far each element may go towards the hyperplane
  at::Tensor gap;        // [n, 1], how much the steps times the magnitudes have to sum up to
};

/// The place of the first of the rising `sums` that reaches `gap`, the last where none does.
at::Tensor first_reaching(const at::Tensor& sums, const at::Tensor& gap) {
  return at::searchsorted(sums.contiguous(), gap.contiguous()).clamp_max_(sums.size(1) - 1);
}

/// Elements move together, each `rates` times a multiplier, until it meets the box.
at::Tensor together(const Sides& sides, const at::Tensor& rates) {
  const auto infinity = std::numeric_limits<double>::infinity();
  const at::Tensor moves = sides.magnitude > 0;
  const at::Tensor bend = at::where(moves, sides.room / rates, infinity);
  const auto [points, order] = bend.sort(1);
  const at::Tensor full = (sides.magnitude * sides.room).gather(1, order);
  const at::Tensor slopes = (sides.magnitude * rates).gather(1, order);
  const at::Tensor before = full.cumsum(1) - full;  // of those that met the box earlier
  const at::Tensor slope = slopes.flip(1).cumsum(1).flip(1);
  const at::Tensor reached =
      at::where(slopes > 0, before + points * slope, full.sum(1, true));  // at each bend
  const at::Tensor place = first_reaching(reached, sides.gap);
  const at::Tensor multiplier =
      (sides.gap - before.gather(1, place)) /
      slope.gather(1, place).clamp_min(std::numeric_limits<double>::min());
  return at::where(moves, at::minimum(multiplier.clamp_min(0) * rates, sides.room), 0.0);
}

/// Elements move one after the other, those of the largest weights first.
at::Tensor in_turn(const Sides& sides) {
  const auto [magnitude, order] = sides.magnitude.sort(1, /*descending=*/true);
  const at::Tensor full = magnitude * sides.room.gather(1, order);
  const at::Tensor before = full.cumsum(1) - full;
  const at::Tensor wanted =
      (sides.gap - before).clamp_min(0) / magnitude.clamp_min(std::numeric_limits<double>::min());
  const at::Tensor moved =
      at::where(magnitude > 0, at::minimum(wanted, sides.room.gather(1, order)), 0.0);
  return at::ones_like(moved).scatter(1, order, moved);
}

}  // namespace

at::Tensor step_to_hyperplane(Norm norm, const at::Tensor& points, const at::Tensor& weights,
                              const at::Tensor& offsets, double low, double high) {
  const at::Tensor x = points.to(at::kDouble);
  const at::Tensor w = weights.to(at::kDouble);
  const at::Tensor excess = ((w * x).sum(1) - offsets.to(at::kDouble)).unsqueeze(1);
  const at::Tensor direction = at::where(excess >= 0, w.sign().neg(), w.sign());
  const at::Tensor room = at::where(direction > 0, high - x, x - low).clamp_min(0);
  const Sides sides{.magnitude = w.abs(), .room = room, .gap = excess.abs()};
  const at::Tensor moved = norm == Norm::l1   ? in_turn(sides)
                           : norm == Norm::l2 ? together(sides, sides.magnitude)
                                              : together(sides, at::ones_like(sides.magnitude));
  return (moved * direction).to(points.scalar_type());
}

}  // namespace hadal::msp
