#include "hadal/msp/evaluate/robustness.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

namespace hadal::msp {
namespace {

std::int64_t count_of(const at::Tensor& mask) { return mask.sum().item<std::int64_t>(); }

Share unbroken(const at::Tensor& broken) {
  return share_of(broken.numel() - count_of(broken), broken.numel());
}

at::Tensor none_of(const at::Tensor& inputs) {
  if (!inputs.defined() || inputs.dim() == 0 || inputs.size(0) == 0) {
    throw InvalidArgument("robustness: expected one input or more");
  }
  return at::zeros({inputs.size(0)}, inputs.options().dtype(at::kBool));
}

/// Runs `attack` on the inputs that are not `broken`, and adds those that it breaks.
Effort break_more(const Attack& attack, const Classifier& classifier, const at::Tensor& inputs,
                  const at::Tensor& labels, const RunOptions& options, at::Tensor& broken) {
  const at::Tensor left = places_of(broken.logical_not());
  if (left.numel() == 0) return {};
  const AttackResult result = attack.run(classifier, inputs.index_select(0, left),
                                         {.labels = labels.index_select(0, left)}, options);
  broken = broken.index_copy(0, left, result.success);
  return result.effort;
}

}  // namespace

Share share_of(std::int64_t count, std::int64_t of) {
  const Interval interval = proportion_interval(count, of);
  return {count, of, static_cast<double>(count) / static_cast<double>(of), interval};
}

Robustness evaluate_robustness(const Classifier& classifier, const at::Tensor& inputs,
                               const at::Tensor& labels,
                               const std::vector<std::shared_ptr<const Attack>>& attacks,
                               Cascade cascade, const RunOptions& options) {
  if (attacks.empty()) throw InvalidArgument("robustness: expected one attack or more, got none");
  Robustness robustness;
  robustness.broken = none_of(inputs);
  for (const auto& attack : attacks) {
    AttackOutcome outcome{.name = attack->name(), .robust = {}, .broken = {}, .effort = {}};
    if (&attack == &attacks.front()) {
      const AttackResult result = attack->run(classifier, inputs, {.labels = labels}, options);
      robustness.accuracy = unbroken(result.already);
      outcome.broken = result.success;
      outcome.effort = result.effort;
    } else {
      outcome.broken = cascade == Cascade::left ? robustness.broken : none_of(inputs);
      outcome.effort = break_more(*attack, classifier, inputs, labels, options, outcome.broken);
    }
    robustness.broken = robustness.broken.logical_or(outcome.broken);
    outcome.robust = unbroken(outcome.broken);
    robustness.attacks.push_back(outcome);
  }
  robustness.worst = unbroken(robustness.broken);
  return robustness;
}

std::vector<CurvePoint> robustness_curve(
    const Classifier& classifier, const at::Tensor& inputs, const at::Tensor& labels,
    const std::vector<double>& epsilons,
    const std::function<std::shared_ptr<const Attack>(double epsilon)>& attack_at,
    const RunOptions& options) {
  for (std::size_t i = 1; i < epsilons.size(); ++i) {
    if (!(epsilons[i] > epsilons[i - 1])) {
      throw InvalidArgument(concat("robustness_curve: expected rising epsilons, got ", epsilons[i],
                                   " after ", epsilons[i - 1]));
    }
  }
  at::Tensor broken = none_of(inputs);
  std::vector<CurvePoint> curve;
  for (const double epsilon : epsilons) {
    break_more(*attack_at(epsilon), classifier, inputs, labels, options, broken);
    curve.push_back({epsilon, unbroken(broken)});
  }
  return curve;
}

}  // namespace hadal::msp
