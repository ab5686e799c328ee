#include "hadal/msp/attack/ball.h"

#include "hadal/msp/attack/l1_projection.h"
#include "hadal/msp/attack/rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/nextafter.h>
#include <ATen/ops/where.h>

namespace hadal::msp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSparse = 0.01;  // the share of elements that an l1 step moves

/// The least (`side` -1) or greatest (1) value that is allowed, in the type of `clean`.
at::Tensor bound(const at::Tensor& clean, const Threat& threat, double side) {
  const at::Tensor exact = clean.to(at::kDouble);
  at::Tensor rounded =
      (exact + side * threat.epsilon).clamp(threat.low, threat.high).to(clean.scalar_type());
  const at::Tensor inwards = at::full_like(clean, -side * kInfinity);
  for (int i = 0; i < 2; ++i) {
    const at::Tensor value = rounded.to(at::kDouble);
    const at::Tensor outside = ((value - exact).abs() > threat.epsilon)
                                   .logical_or(side > 0 ? value > threat.high : value < threat.low);
    rounded = at::where(outside, at::nextafter(rounded, inwards), rounded);
  }
  return rounded;
}

/// [n, 1, ...], in the type of `rows`.
at::Tensor l2_norm(const at::Tensor& rows) { return column(rows.flatten(1).norm(2, 1), rows); }

}  // namespace

Ball::Ball(const Threat& threat, const at::Tensor& clean) : threat_(threat), clean_(clean) {
  lower_ = bound(clean, threat, -1);
  upper_ = bound(clean, threat, 1);
}

Ball Ball::rows(const at::Tensor& index) const {
  Ball ball(*this);
  keep_rows(index, {&ball.clean_, &ball.lower_, &ball.upper_});
  return ball;
}

at::Tensor Ball::project(const at::Tensor& points) const {
  if (threat_.norm == Norm::linf || std::isinf(threat_.epsilon)) {
    return at::clamp(points, lower_, upper_);
  }
  const at::Tensor moved = points - clean_;
  if (threat_.norm == Norm::l1) {
    const auto flat = [&](const at::Tensor& bounds) { return (bounds - clean_).flatten(1); };
    const at::Tensor fitting =
        project_l1(moved.flatten(1), flat(lower_), flat(upper_), threat_.epsilon);
    return at::clamp(clean_ + fitting.view_as(moved), lower_, upper_);
  }
  const double tiny = std::numeric_limits<float>::min();
  const at::Tensor shrink = (threat_.epsilon / l2_norm(moved).clamp_min(tiny)).clamp_max(1);
  return at::clamp(clean_ + moved * shrink, lower_, upper_);
}

at::Tensor Ball::confine(const at::Tensor& points) const {
  at::Tensor inside = project(points);
  const at::Tensor clean = clean_.to(at::kDouble);
  double shortening = std::ldexp(1, -24);
  while (true) {
    const at::Tensor size = distance(threat_.norm, inside, clean_);
    const at::Tensor outside = size > threat_.epsilon;
    if (!outside.any().item<bool>()) return inside;
    if (shortening >= 1) return at::where(column(outside, inside), clean_, inside);
    const at::Tensor shrink = column(threat_.epsilon / size * (1 - shortening), inside);
    const at::Tensor shorter =
        (clean + (inside.to(at::kDouble) - clean) * shrink).to(inside.scalar_type());
    inside = at::where(column(outside, inside), at::clamp(shorter, lower_, upper_), inside);
    shortening *= 2;
  }
}

at::Tensor Ball::random_point(Streams& streams) const {
  const double epsilon = std::min(threat_.epsilon, threat_.high - threat_.low);
  at::Tensor moved;
  if (threat_.norm == Norm::linf) {
    moved = streams.uniform(clean_);
  } else {
    const bool l2 = threat_.norm == Norm::l2;
    const at::Tensor drawn = l2 ? streams.normal(clean_) : streams.laplace(clean_);
    const at::Tensor size = column(norm_of(threat_.norm, drawn), drawn).clamp_min(1e-30);
    const double elements = static_cast<double>(clean_.numel()) / clean_.size(0);
    const at::Tensor radius = streams.fractions(clean_).pow(1 / elements);
    moved = drawn / size.to(drawn.scalar_type()) * radius;
  }
  return project(clean_ + moved * epsilon);
}

at::Tensor steepest(Norm norm, const at::Tensor& gradients) {
  if (norm == Norm::linf) return gradients.sign();
  const double tiny = std::numeric_limits<float>::min();
  if (norm == Norm::l2) return gradients / l2_norm(gradients).clamp_min(tiny);
  const at::Tensor size = gradients.flatten(1).abs();
  const auto count = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(kSparse * static_cast<double>(size.size(1)))));
  const at::Tensor least = std::get<0>(size.topk(count, 1)).slice(1, count - 1);
  const at::Tensor signs =
      at::where(column(least.squeeze(1), gradients) <= gradients.abs(), gradients, 0.0).sign();
  return signs / column(signs.flatten(1).abs().sum(1), gradients).clamp_min(1);
}

}  // namespace hadal::msp
