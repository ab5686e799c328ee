#include "hadal/msp/attack/problem.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/msp/attack/rows.h"

#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <torch/csrc/autograd/autograd.h>

namespace hadal::msp {

Problem::Problem(Source& source, const Threat& threat, at::Tensor inputs, Goal goal,
                 at::Tensor places)
    : source_(&source),
      threat_(threat),
      inputs_(std::move(inputs)),
      goal_(std::move(goal)),
      places_(std::move(places)) {}

at::Tensor Problem::checked(const at::Tensor& points) const {
  source_->check_interrupt();
  source_->effort.forwards += points.size(0);
  const at::Tensor logits = source_->classifier(points);
  if (!logits.defined() || logits.dim() != 2 || logits.size(0) != points.size(0) ||
      logits.size(1) < 2 || !logits.is_floating_point()) {
    throw InvalidArgument(
        concat("classifier: expected logits [", points.size(0), ", 2 or more] of ",
               shape_text(points.sizes()), ", got ",
               logits.defined() ? shape_text(logits.sizes()) : std::string("nothing")));
  }
  if (!logits.isfinite().all().item<bool>()) {
    throw Error("classifier: a logit is not finite, so that no class can be read from it",
                "check the model's weights, and what it does with extreme inputs");
  }
  return logits;
}

at::Tensor Problem::logits(const at::Tensor& points) const {
  const at::NoGradGuard no_grad;
  return checked(points);
}

at::Tensor Problem::usable(const at::Tensor& gradient) const {
  const at::Tensor largest = gradient.flatten(1).abs().amax(1);
  const at::Tensor broken = largest.isfinite().logical_not();
  source_->effort.gradients += gradient.size(0);
  source_->effort.zero_gradients += (largest == 0).sum().item<std::int64_t>();
  const auto count = broken.sum().item<std::int64_t>();
  source_->effort.broken_gradients += count;
  return count == 0 ? gradient : at::where(column(broken, gradient), 0.0, gradient);
}

at::Tensor Problem::differentiable(const at::Tensor& x) const {
  const at::Tensor logits = checked(x);
  if (!logits.requires_grad()) {
    throw InvalidArgument("classifier: its logits carry no gradient to its inputs",
                          "use Square, which needs none, or remove what detaches them");
  }
  return logits;
}

Evaluation Problem::evaluate(
    const at::Tensor& points,
    const std::function<at::Tensor(const at::Tensor& logits)>& loss) const {
  const at::AutoGradMode with_grad(true);
  const at::Tensor x = points.detach().requires_grad_();
  const at::Tensor logits = differentiable(x);
  const at::Tensor value = loss(logits);
  const at::Tensor gradient = torch::autograd::grad({value.sum()}, {x})[0];
  return {logits.detach(), value.detach(), usable(gradient)};
}

Evaluation Problem::jacobian(
    const at::Tensor& points,
    const std::function<at::Tensor(const at::Tensor& logits)>& differences) const {
  const at::AutoGradMode with_grad(true);
  const at::Tensor x = points.detach().requires_grad_();
  const at::Tensor logits = differentiable(x);
  const at::Tensor values = differences(logits);
  std::vector<at::Tensor> gradients;
  for (std::int64_t k = 0; k < values.size(1); ++k) {
    const bool again = k + 1 < values.size(1);
    gradients.push_back(
        usable(torch::autograd::grad({values.select(1, k).sum()}, {x}, {}, again)[0]));
  }
  return {logits.detach(), values.detach(), at::stack(gradients, 1)};
}

at::Tensor Problem::solved(const at::Tensor& points) const {
  return goal_.reached(logits(points))
      .logical_and(distance(threat_.norm, points, inputs_) <= threat_.epsilon);
}

Streams Problem::streams(std::string_view purpose, int run) const {
  return Streams(source_->seed, purpose, run, places_);
}

at::Tensor Problem::on(const Classifier& classifier,
                       const std::function<at::Tensor(const Problem&)>& work) const {
  Source source{classifier, source_->seed, source_->check_interrupt, source_->effort};
  at::Tensor result = work(Problem(source, threat_, inputs_, goal_, places_));
  source_->effort = source.effort;
  return result;
}

Problem Problem::rows(const at::Tensor& index) const {
  return Problem(*source_, threat_, inputs_.index_select(0, index), goal_.rows(index),
                 places_.index_select(0, index));
}

}  // namespace hadal::msp
