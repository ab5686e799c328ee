#include "hadal/msp/evaluate/masking.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/ball.h"
#include "hadal/msp/attack/fgsm.h"
#include "hadal/msp/attack/loss.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/attack/rows.h"
#include "hadal/msp/attack/square.h"

#include <algorithm>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/maximum.h>

namespace hadal::msp {
namespace {

constexpr int kRandomSteps = 4;
constexpr double kSmallStep = 0.1;  // of epsilon, in the check of the surface
constexpr int kUnboundedSteps = 100;

std::int64_t count_of(const at::Tensor& mask) { return mask.sum().item<std::int64_t>(); }

/// The inputs that the classifier gets right.
struct Right {
  at::Tensor inputs, labels;
};

/// Runs `attack` and counts what it breaks.
std::int64_t broken_by(const Attack& attack, const Classifier& classifier, const Right& right,
                       const RunOptions& run) {
  return count_of(attack.run(classifier, right.inputs, {.labels = right.labels}, run).success);
}

MaskingCheck compared(const char* name, std::int64_t strong, const char* strong_name,
                      std::int64_t weak, const char* weak_name) {
  return {.name = name,
          .passed = weak <= strong,
          .text = concat(weak_name, " breaks ", weak, ", ", strong_name, " ", strong)};
}

/// The checks of single gradients: "gradients" and "surface".
std::vector<MaskingCheck> check_gradients(const Classifier& classifier, const Right& right,
                                          const MaskingOptions& options) {
  Problem::Source source{classifier, options.run.seed, options.run.check_interrupt};
  const Threat& threat = options.threat;
  const std::int64_t count = right.inputs.size(0);
  std::int64_t best = 0;
  for (std::int64_t first = 0; first < count; first += options.run.batch) {
    const std::int64_t last = std::min(first + options.run.batch, count);
    const Problem problem(source, threat, right.inputs.slice(0, first, last),
                          {.labels = right.labels.slice(0, first, last)}, at::arange(first, last));
    const at::Tensor& x = problem.inputs();
    const auto loss = [&](const at::Tensor& logits) {
      return cross_entropy(logits, problem.goal().labels);
    };
    const Evaluation clean = problem.evaluate(x, loss);
    const Ball ball(threat, x);
    const auto after = [&](const at::Tensor& direction) {
      const double size = kSmallStep * threat.epsilon;
      return loss(problem.logits(ball.project(x + steepest(threat.norm, direction) * size)));
    };
    at::Tensor random = after(problem.streams("surface", 0).normal(x));
    for (int i = 1; i < kRandomSteps; ++i) {
      random = at::maximum(random, after(problem.streams("surface", i).normal(x)));
    }
    best += count_of(after(clean.gradient) >= random);
  }
  const std::int64_t useless = source.effort.zero_gradients + source.effort.broken_gradients;
  return {{.name = "gradients",
           .passed = useless == 0,
           .text = concat(useless, " of ", count, " gradients are 0 or not finite")},
          {.name = "surface",
           .passed = 2 * best > count,
           .text = concat("a step along the gradient is better than ", kRandomSteps,
                          " random ones for ", best, " of ", count)}};
}

Right right_of(const Classifier& classifier, const at::Tensor& inputs, const at::Tensor& labels,
               const Fgsm& fgsm, const RunOptions& run) {
  const at::Tensor already = fgsm.run(classifier, inputs, {.labels = labels}, run).already;
  const at::Tensor rows = places_of(already.logical_not());
  if (rows.numel() == 0) {
    throw InvalidArgument("check_masking: the classifier gets no input right",
                          "check the labels, and how inputs are normalized");
  }
  return {inputs.detach().index_select(0, rows), labels.index_select(0, rows)};
}

}  // namespace

bool MaskingReport::passed() const {
  return std::all_of(checks.begin(), checks.end(),
                     [](const MaskingCheck& check) { return check.passed; });
}

MaskingReport check_masking(const Classifier& classifier, const at::Tensor& inputs,
                            const at::Tensor& labels, const MaskingOptions& options) {
  const at::NoGradGuard no_grad;
  const Threat& threat = options.threat;
  const Fgsm one({.threat = threat});
  const Pgd many({.threat = threat,
                  .steps = options.steps,
                  .step_size = std::max(threat.epsilon * 2.5 / options.steps,
                                        std::numeric_limits<double>::min())});
  const Square black({.threat = threat, .queries = options.queries});
  Threat whole = threat;
  whole.epsilon = std::numeric_limits<double>::infinity();
  const double width =
      norm_of(threat.norm, at::full_like(inputs.slice(0, 0, 1), threat.high - threat.low))
          .item<double>();
  const Pgd unbounded(
      {.threat = whole, .steps = kUnboundedSteps, .step_size = width / 20, .random_start = false});

  const Right right = right_of(classifier, inputs, labels, one, options.run);
  MaskingReport report{check_gradients(classifier, right, options)};
  const auto by = [&](const Attack& attack) {
    return broken_by(attack, classifier, right, options.run);
  };
  const std::int64_t strong = by(many);
  report.checks.push_back(compared("steps", strong, "many steps", by(one), "one step"));
  report.checks.push_back(
      compared("black box", strong, "an attack with gradients", by(black), "one without"));
  const std::int64_t all = right.inputs.size(0), broken = by(unbounded);
  report.checks.push_back(
      {.name = "unbounded",
       .passed = broken == all,
       .text = concat("within the whole range, ", broken, " of ", all, " are broken")});
  return report;
}

}  // namespace hadal::msp
