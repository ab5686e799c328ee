#include "hadal/msp/attack/apgd.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/apgd_schedule.h"
#include "hadal/msp/attack/ball.h"
#include "hadal/msp/attack/rows.h"
#include "hadal/msp/attack/targets.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>

namespace hadal::msp {
namespace {

constexpr double kNewStep = 0.75;  // against the step before, which has the rest

void validate(const ApgdOptions& options) {
  validate(options.threat);
  if (options.threat.norm == Norm::l1 || std::isinf(options.threat.epsilon)) {
    throw InvalidArgument("apgd: expected linf or l2, and a finite epsilon");
  }
  if (options.steps < 1 || options.restarts < 1 || options.target_classes < 0) {
    throw InvalidArgument(
        "apgd: expected 1 or more steps and restarts, and 0 or more target classes");
  }
  if (!(options.rho > 0 && options.rho <= 1)) {
    throw InvalidArgument(concat("apgd: expected a rho above 0 and at most 1, got ", options.rho));
  }
}

/// The point after `x`, where `moved` is the step that led there.
at::Tensor next_point(const Ball& ball, const at::Tensor& x, const at::Tensor& moved,
                      const at::Tensor& gradient, const at::Tensor& step_sizes, bool is_first) {
  const at::Tensor direction = steepest(ball.threat().norm, gradient);
  const at::Tensor ahead = ball.project(x + direction * column(step_sizes, x));
  if (is_first) return ahead;
  return ball.project(x + (ahead - x) * kNewStep + moved * (1 - kNewStep));
}

}  // namespace

Apgd::Apgd(const ApgdOptions& options) : options_(options) { validate(options); }

std::string Apgd::name() const {
  if (options_.target_classes > 0) return "apgd-t";
  return options_.loss == Loss::cross_entropy ? "apgd-ce"
         : options_.loss == Loss::logit_ratio ? "apgd-dlr"
                                              : "apgd-margin";
}

at::Tensor Apgd::find(const Problem& problem) const {
  const bool targeted = options_.target_classes > 0;
  const int targets = targeted ? target_count(problem, options_.target_classes) : 1;
  return with_restarts(problem, targets * options_.restarts, [&](const Problem& open, int run) {
    if (!targeted) return ascend(open, open.goal().targets, run);
    return ascend(open, ranked_target(open, run / options_.restarts), run);
  });
}

at::Tensor Apgd::ascend(const Problem& problem, const at::Tensor& targets, int run) const {
  const Loss kind = options_.target_classes > 0 ? Loss::logit_ratio : options_.loss;
  Goal aim{problem.goal().labels, targets};
  Problem open = problem;
  Ball ball(options_.threat, problem.inputs());
  Streams streams = problem.streams(name(), run);
  at::Tensor x = ball.random_point(streams);
  at::Tensor previous = x;
  at::Tensor points = problem.inputs().clone();
  at::Tensor rows = at::arange(problem.size(), problem.goal().labels.options());
  ApgdSchedule schedule(options_.steps, options_.rho, 2 * options_.threat.epsilon);
  for (int step = 0; step < options_.steps; ++step) {
    auto [logits, loss, gradient] =
        open.evaluate(x, [&](const at::Tensor& z) { return loss_of(kind, z, aim); });
    const at::Tensor reached = open.goal().reached(logits);
    schedule.observe(step, x, loss, gradient);
    if (reached.any().item<bool>()) {
      points.index_copy_(0, rows, x);
      const at::Tensor left = places_of(reached.logical_not());
      if (left.numel() == 0) return points;
      keep_rows(left, {&x, &previous, &rows, &gradient});
      open = open.rows(left);
      aim = aim.rows(left);
      ball = ball.rows(left);
      schedule.keep(left);
    }
    const at::Tensor moved = x - previous;
    previous = x;
    x = next_point(ball, x, moved, gradient, schedule.step_sizes(), step == 0);
  }
  return points.index_copy_(0, rows, x);
}

}  // namespace hadal::msp
