#include "hadal/msp/attack/fgsm.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/ball.h"

#include <cmath>

namespace hadal::msp {

Fgsm::Fgsm(const FgsmOptions& options) : options_(options) {
  validate(options.threat);
  if (std::isinf(options.threat.epsilon)) {
    throw InvalidArgument("fgsm: expected a finite epsilon, which is the length of its step");
  }
}

at::Tensor Fgsm::find(const Problem& problem) const {
  const Evaluation at_clean = problem.evaluate(problem.inputs(), [&](const at::Tensor& logits) {
    return loss_of(options_.loss, logits, problem.goal());
  });
  const at::Tensor direction = steepest(options_.threat.norm, at_clean.gradient);
  return Ball(options_.threat, problem.inputs())
      .project(problem.inputs().add(direction, options_.threat.epsilon));
}

}  // namespace hadal::msp
