#pragma once

#include "hadal/msp/attack/problem.h"

#include <functional>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// A loss [n] of logits [n, classes], row by row.
using LogitLoss = std::function<at::Tensor(const at::Tensor& logits)>;

/// What training takes for an attack: `steps` steps of steepest ascent of `loss`, each of
/// `step_size` in the threat's norm and projected into the ball, from a random point of it. All
/// steps for all inputs, and nothing is judged, as Attack::run() does. `run` separates the random
/// points of one problem.
at::Tensor ascend(const Problem& problem, const LogitLoss& loss, int steps, double step_size,
                  int run = 0);

}  // namespace hadal::msp
