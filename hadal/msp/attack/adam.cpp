#include "hadal/msp/attack/adam.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::msp {

at::Tensor Adam::step(const at::Tensor& value, const at::Tensor& gradient) {
  if (!first_.defined()) {
    first_ = at::zeros_like(value);
    second_ = at::zeros_like(value);
  }
  ++count_;
  first_.mul_(first_decay_).add_(gradient, 1 - first_decay_);
  second_.mul_(second_decay_).addcmul_(gradient, gradient, 1 - second_decay_);
  const double rate = rate_ / (1 - std::pow(first_decay_, count_));
  const double correction = 1 - std::pow(second_decay_, count_);
  return value - first_ / ((second_ / correction).sqrt() + 1e-8) * rate;
}

}  // namespace hadal::msp
