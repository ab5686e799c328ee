#include "hadal/msp/attack/attack.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/ball.h"
#include "hadal/msp/attack/rows.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

namespace hadal::msp {
namespace {

void validate_inputs(const at::Tensor& inputs, const Threat& threat) {
  validate(threat);
  if (!inputs.defined() || inputs.dim() < 2 ||
      (inputs.scalar_type() != at::kFloat && inputs.scalar_type() != at::kDouble)) {
    throw InvalidArgument("inputs: expected fp32 or fp64 [n, ...]");
  }
  if (inputs.numel() == 0) throw InvalidArgument("inputs: expected one or more, got none");
  const bool within = inputs.ge(threat.low).logical_and(inputs.le(threat.high)).all().item<bool>();
  if (!within) {
    throw InvalidArgument(
        concat("inputs: expected values from ", threat.low, " to ", threat.high,
               ", got one outside or not a number"),
        "give images in their own range, and normalize them within the classifier");
  }
}

/// Of labels and targets; what classes there are is known once the classifier has run.
void validate_lengths(const Goal& goal, std::int64_t count) {
  const auto fits = [&](const at::Tensor& classes) {
    return classes.defined() && classes.scalar_type() == at::kLong && classes.dim() == 1 &&
           classes.size(0) == count;
  };
  if (!fits(goal.labels)) throw InvalidArgument(concat("labels: expected int64 [", count, "]"));
  if (goal.is_targeted() && !fits(goal.targets)) {
    throw InvalidArgument(concat("targets: expected int64 [", count, "], or none"));
  }
}

/// `points` and `success` of the batch from row `first` on.
void solve(const Attack& attack, Problem::Source& source, const at::Tensor& inputs,
           const Goal& goal, std::int64_t first, AttackResult& result) {
  const at::Tensor places = at::arange(first, first + inputs.size(0));
  const Problem all(source, attack.threat(), inputs, goal, places);
  const at::Tensor logits = all.logits(inputs);
  validate(goal, inputs.size(0), logits.size(1));
  const at::Tensor done = goal.reached(logits);
  const at::Tensor points = result.points.slice(0, first, first + inputs.size(0));
  const at::Tensor success = result.success.slice(0, first, first + inputs.size(0));
  points.copy_(inputs);
  success.copy_(done);
  result.already.slice(0, first, first + inputs.size(0)).copy_(done);
  const at::Tensor open = places_of(done.logical_not());
  if (open.numel() == 0) return;
  const Problem problem = all.rows(open);
  const at::Tensor found =
      Ball(attack.threat(), problem.inputs()).confine(attack.find(problem).detach());
  points.index_copy_(0, open, found);
  success.index_copy_(0, open, problem.solved(found));
}

}  // namespace

AttackResult Attack::run(const Classifier& classifier, const at::Tensor& inputs, const Goal& goal,
                         const RunOptions& options) const {
  validate_inputs(inputs, threat());
  if (options.batch < 1) {
    throw InvalidArgument(concat("batch: expected 1 or more, got ", options.batch));
  }
  const at::NoGradGuard no_grad;
  const std::int64_t count = inputs.size(0);
  validate_lengths(goal, count);
  const at::Tensor none = at::zeros({count}, inputs.options().dtype(at::kBool));
  AttackResult result{.points = at::empty_like(inputs),
                      .success = none,
                      .already = none.clone(),
                      .distance = {},
                      .effort = {}};
  Problem::Source source{classifier, options.seed, options.check_interrupt};
  for (std::int64_t first = 0; first < count; first += options.batch) {
    const std::int64_t last = std::min(first + options.batch, count);
    const at::Tensor rows = at::arange(first, last, inputs.options().dtype(at::kLong));
    solve(*this, source, inputs.slice(0, first, last).detach(), goal.rows(rows), first, result);
  }
  result.distance = msp::distance(threat().norm, result.points, inputs.detach());
  result.effort = source.effort;
  return result;
}

at::Tensor with_restarts(const Problem& problem, int runs,
                         const std::function<at::Tensor(const Problem& open, int run)>& find) {
  at::Tensor points = find(problem, 0);
  if (runs <= 1) return points;
  points = points.clone();
  at::Tensor rows = at::arange(problem.size(), problem.goal().labels.options());
  Problem open = problem;
  at::Tensor last = points;
  for (int run = 1; run < runs; ++run) {
    const at::Tensor left = places_of(open.solved(last).logical_not());
    if (left.numel() == 0) break;
    open = open.rows(left);
    rows = rows.index_select(0, left);
    last = find(open, run);
    points.index_copy_(0, rows, last);
  }
  return points;
}

}  // namespace hadal::msp
