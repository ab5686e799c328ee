#include "hadal/msp/attack/fab.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/ball.h"
#include "hadal/msp/attack/hyperplane.h"
#include "hadal/msp/attack/rows.h"
#include "hadal/msp/attack/targets.h"

#include <algorithm>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/where.h>

namespace hadal::msp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTiny = 1e-12;

/// The norm that measures the weights of a boundary where points are measured by `norm`.
at::Tensor dual_norm(Norm norm, const at::Tensor& flat) {
  if (norm == Norm::l2) return flat.norm(2, -1);
  return norm == Norm::linf ? flat.abs().sum(-1) : flat.abs().amax(-1);
}

/// The logits of other classes, or of the targets, minus the label's, [n, k].
at::Tensor leads(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& targets) {
  const at::Tensor own = logits.gather(1, labels.unsqueeze(1));
  if (targets.defined()) return logits.gather(1, targets.unsqueeze(1)) - own;
  const at::Tensor all = at::arange(logits.size(1), labels.options()).expand_as(logits);
  const at::Tensor others =
      all.masked_select(all != labels.unsqueeze(1)).view({logits.size(0), logits.size(1) - 1});
  return logits.gather(1, others) - own;
}

/// A hyperplane for each input: where its nearest lead is 0 if the classifier is linear.
struct Boundary {
  at::Tensor weights;  // [n, d]
  at::Tensor offsets;  // [n]
};

Boundary nearest_boundary(Norm norm, const at::Tensor& x, const Evaluation& at_x) {
  const at::Tensor flat = at_x.gradient.flatten(2);
  const at::Tensor nearest =
      (at_x.loss.abs() / (dual_norm(norm, flat) + kTiny)).argmin(1, true);  // [n, 1]
  const at::Tensor weights =
      flat.gather(1, nearest.unsqueeze(2).expand({-1, 1, flat.size(2)})).squeeze(1);
  const at::Tensor lead = at_x.loss.gather(1, nearest).squeeze(1);
  return {weights, (weights * x.flatten(1)).sum(1) - lead};
}

}  // namespace

Fab::Fab(const FabOptions& options) : options_(options) {
  validate(options.threat);
  if (options.steps < 1 || options.restarts < 1 || options.target_classes < 0) {
    throw InvalidArgument(
        "fab: expected 1 or more steps and restarts, and 0 or more target classes");
  }
  if (!(options.alpha_max >= 0 && options.alpha_max <= 1) || !(options.eta >= 1) ||
      !(options.beta > 0 && options.beta < 1)) {
    throw InvalidArgument(
        "fab: expected alpha_max from 0 to 1, eta of 1 or more, and beta between 0 and 1");
  }
}

at::Tensor Fab::find(const Problem& problem) const {
  const bool targeted = options_.target_classes > 0;
  // Also throws where the goal has targets.
  const int targets = std::max(target_count(problem, options_.target_classes), 1);
  return with_restarts(problem, targets * options_.restarts, [&](const Problem& open, int run) {
    const int rank = run / options_.restarts;
    return approach(open, targeted ? ranked_target(open, rank) : at::Tensor(), run);
  });
}

at::Tensor Fab::start(const Problem& problem, int run) const {
  if (run % options_.restarts == 0) return problem.inputs();
  Threat half = options_.threat;
  half.epsilon /= 2;
  Streams streams = problem.streams(name(), run);
  return Ball(half, problem.inputs()).random_point(streams);
}

at::Tensor Fab::approach(const Problem& problem, const at::Tensor& targets, int run) const {
  const Threat& threat = options_.threat;
  const at::Tensor& clean = problem.inputs();
  at::Tensor x = start(problem, run);
  at::Tensor points = clean;
  at::Tensor nearest = at::full_like(distance(threat.norm, clean, clean), kInfinity);
  for (int step = 0; step < options_.steps; ++step) {
    const Evaluation at_x = problem.jacobian(
        x, [&](const at::Tensor& z) { return leads(z, problem.goal().labels, targets); });
    const Boundary boundary = nearest_boundary(threat.norm, x, at_x);
    const at::Tensor both = at::cat({x.flatten(1), clean.flatten(1)});
    const at::Tensor ways =
        step_to_hyperplane(threat.norm, both, at::cat({boundary.weights, boundary.weights}),
                           at::cat({boundary.offsets, boundary.offsets}), threat.low, threat.high);
    const at::Tensor lengths = norm_of(threat.norm, ways).clamp_min(1e-8).to(x.scalar_type());
    const auto own = [&](const at::Tensor& rows) { return rows.slice(0, 0, x.size(0)); };
    const auto of_clean = [&](const at::Tensor& rows) { return rows.slice(0, x.size(0)); };
    const at::Tensor share = column(
        (own(lengths) / (own(lengths) + of_clean(lengths))).clamp_max(options_.alpha_max), x);
    x = ((x + own(ways).view_as(x) * options_.eta) * (1 - share) +
         (clean + of_clean(ways).view_as(x) * options_.eta) * share)
            .clamp(threat.low, threat.high);

    const at::Tensor reached = problem.goal().reached(problem.logits(x));
    const at::Tensor away = distance(threat.norm, x, clean);
    const at::Tensor nearer = reached.logical_and(away < nearest);
    points = at::where(column(nearer, x), x, points);
    nearest = at::where(nearer, away, nearest);
    x = at::where(column(reached, x), clean + (x - clean) * options_.beta, x);
  }
  return points;
}

}  // namespace hadal::msp
