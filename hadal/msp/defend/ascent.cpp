#include "hadal/msp/defend/ascent.h"

#include "hadal/msp/attack/ball.h"

#include <ATen/TensorOperators.h>

namespace hadal::msp {

at::Tensor ascend(const Problem& problem, const LogitLoss& loss, int steps, double step_size,
                  int run) {
  const Ball ball(problem.threat(), problem.inputs());
  Streams streams = problem.streams("ascent", run);
  at::Tensor x = ball.random_point(streams);
  for (int step = 0; step < steps; ++step) {
    const at::Tensor gradient = problem.evaluate(x, loss).gradient;
    x = ball.project(x.add(steepest(problem.threat().norm, gradient), step_size));
  }
  return x;
}

}  // namespace hadal::msp
