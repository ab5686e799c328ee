#pragma once

#include "hadal/hpts/optimizer/optimizer.h"

namespace hadal::hpts {

/// Whether a StepInBackward moves this parameter.
bool is_moved_in_backward(const at::Tensor& parameter);

/// While it lives, each backward moves each of the optimizer's parameters as soon as its gradient
/// is there, and drops the gradient, so that not all gradients exist at once (LOMO; Lv et al.,
/// 2023). The steps are those of Optimizer::step() after the backward, bit for bit.
///
/// Learning rates must be set before the backward. What needs all gradients throws InvalidArgument:
/// Optimizer::step(), clipping, GradScaler. Gradients are not added up over several backwards, nor
/// averaged over processes.
class StepInBackward {
 public:
  /// Takes over from optimizer.step(), and must end before the optimizer does. Throws
  /// InvalidArgument where a parameter has a gradient, needs none, or has a hook already.
  explicit StepInBackward(Optimizer& optimizer);
  ~StepInBackward();
  StepInBackward(const StepInBackward&) = delete;
  StepInBackward& operator=(const StepInBackward&) = delete;

 private:
  class Hook;
  friend bool is_moved_in_backward(const at::Tensor& parameter);

  Optimizer& optimizer_;
};

}  // namespace hadal::hpts
