#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// Adam (Kingma and Ba, 2015) over one tensor, without state of autograd.
class Adam {
 public:
  explicit Adam(double rate, double first_decay = 0.9, double second_decay = 0.999)
      : rate_(rate), first_decay_(first_decay), second_decay_(second_decay) {}

  /// `value` after a step against `gradient`, as a new tensor. Always the same tensor's.
  at::Tensor step(const at::Tensor& value, const at::Tensor& gradient);

 private:
  double rate_, first_decay_, second_decay_;
  int count_ = 0;
  at::Tensor first_, second_;
};

}  // namespace hadal::msp
