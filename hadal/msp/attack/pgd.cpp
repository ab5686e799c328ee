#include "hadal/msp/attack/pgd.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/ball.h"
#include "hadal/msp/attack/rows.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>

namespace hadal::msp {
namespace {

void validate(const PgdOptions& options) {
  validate(options.threat);
  if (options.steps < 1 || options.restarts < 1) {
    throw InvalidArgument(concat("pgd: expected 1 or more steps and restarts, got ", options.steps,
                                 " and ", options.restarts));
  }
  if (!(options.step_size > 0)) {
    throw InvalidArgument(concat("pgd: expected a step size above 0, got ", options.step_size));
  }
  if (!(options.momentum >= 0)) {
    throw InvalidArgument(concat("pgd: expected a momentum of 0 or more, got ", options.momentum));
  }
}

/// `gradient` added to `decay` times `velocity`, which is undefined at first.
at::Tensor accelerated(const at::Tensor& velocity, const at::Tensor& gradient, double decay) {
  const at::Tensor size = column(gradient.flatten(1).abs().sum(1), gradient);
  const at::Tensor unit = gradient / size.clamp_min(std::numeric_limits<float>::min());
  return velocity.defined() ? velocity * decay + unit : unit;
}

}  // namespace

Pgd::Pgd(const PgdOptions& options) : options_(options) { validate(options); }

at::Tensor Pgd::find(const Problem& problem) const {
  return with_restarts(problem, options_.restarts,
                       [&](const Problem& open, int run) { return ascend(open, run); });
}

at::Tensor Pgd::ascend(const Problem& problem, int run) const {
  Problem open = problem;
  Ball ball(options_.threat, problem.inputs());
  at::Tensor x = problem.inputs();
  if (options_.random_start) {
    Streams streams = problem.streams(name(), run);
    x = ball.random_point(streams);
  }
  at::Tensor points = problem.inputs().clone();
  at::Tensor rows = at::arange(problem.size(), problem.goal().labels.options());
  at::Tensor velocity;
  for (int step = 0; step < options_.steps; ++step) {
    auto [logits, loss, gradient] = open.evaluate(
        x, [&](const at::Tensor& z) { return loss_of(options_.loss, z, open.goal()); });
    const at::Tensor reached = open.goal().reached(logits);
    if (options_.early_stop && reached.any().item<bool>()) {
      points.index_copy_(0, rows, x);
      const at::Tensor left = places_of(reached.logical_not());
      if (left.numel() == 0) return points;
      keep_rows(left, {&x, &gradient, &velocity, &rows});
      open = open.rows(left);
      ball = ball.rows(left);
    }
    at::Tensor direction = gradient;
    if (options_.momentum > 0) {
      direction = velocity = accelerated(velocity, gradient, options_.momentum);
    }
    x = ball.project(x.add(steepest(options_.threat.norm, direction), options_.step_size));
  }
  return points.index_copy_(0, rows, x);
}

}  // namespace hadal::msp
