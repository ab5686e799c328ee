#include "hadal/msp/attack/deep_fool.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/rows.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::msp {
namespace {

// Keeps a step across a boundary that is already met from being 0 (as the paper's program does).
constexpr double kTiny = 1e-4;

/// The classes that come first in `logits` without the label, int64 [n, k].
at::Tensor rivals(const at::Tensor& logits, const at::Tensor& labels, int count) {
  const auto most = std::min<std::int64_t>(count, logits.size(1) - 1);
  const at::Tensor others =
      logits.scatter(1, labels.unsqueeze(1), -std::numeric_limits<double>::infinity());
  return std::get<1>(others.topk(most, 1));
}

/// The step to the nearest boundary, of which `values` [n, k] are the differences of logits and
/// `gradients` [n, k, ...] theirs.
at::Tensor nearest_step(Norm norm, const at::Tensor& values, const at::Tensor& gradients) {
  const at::Tensor flat = gradients.flatten(2);
  const at::Tensor dual = (norm == Norm::l2 ? flat.norm(2, 2) : flat.abs().sum(2))
                              .clamp_min(std::numeric_limits<float>::min());
  const at::Tensor distances = values.abs() / dual;
  const at::Tensor nearest = distances.argmin(1, true);  // [n, 1]
  const at::Tensor way = distances.gather(1, nearest) + kTiny;
  const at::Tensor direction =
      flat.gather(1, nearest.unsqueeze(2).expand({-1, 1, flat.size(2)})).squeeze(1);
  const at::Tensor unit = norm == Norm::l2 ? direction / dual.gather(1, nearest) : direction.sign();
  return (way * unit).view_as(gradients.select(1, 0));
}

}  // namespace

DeepFool::DeepFool(const DeepFoolOptions& options) : options_(options) {
  validate(options.threat);
  if (options.threat.norm == Norm::l1) {
    throw InvalidArgument("deepfool: expected l2 or linf, got l1", "use Fab, which takes l1");
  }
  if (options.steps < 1 || options.candidates < 1 || !(options.overshoot >= 0)) {
    throw InvalidArgument(
        "deepfool: expected 1 or more steps and candidates, and an overshoot of "
        "0 or more");
  }
}

at::Tensor DeepFool::find(const Problem& problem) const {
  if (problem.goal().is_targeted()) {
    throw InvalidArgument("deepfool: takes no targets", "use Fab or CarliniWagner");
  }
  Problem open = problem;
  at::Tensor classes =
      rivals(problem.logits(problem.inputs()), problem.goal().labels, options_.candidates);
  at::Tensor total = at::zeros_like(problem.inputs());
  at::Tensor x = problem.inputs();
  at::Tensor points = x.clone();
  at::Tensor rows = at::arange(problem.size(), problem.goal().labels.options());
  for (int step = 0; step < options_.steps; ++step) {
    auto [logits, values, gradients] = open.jacobian(x, [&](const at::Tensor& z) {
      return z.gather(1, classes) - z.gather(1, open.goal().labels.unsqueeze(1));
    });
    points.index_copy_(0, rows, x);
    const at::Tensor left = places_of(open.goal().reached(logits).logical_not());
    if (left.numel() == 0) return points;
    if (left.numel() < open.size()) {
      keep_rows(left, {&values, &gradients, &total, &rows, &classes});
      open = open.rows(left);
    }
    total = total + nearest_step(options_.threat.norm, values, gradients);
    x = (open.inputs() + total * (1 + options_.overshoot))
            .clamp(options_.threat.low, options_.threat.high);
  }
  return points.index_copy_(0, rows, x);
}

}  // namespace hadal::msp
