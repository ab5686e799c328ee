#pragma once

#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// What makes a poisoned model give its target class.
class Trigger {
 public:
  virtual ~Trigger() = default;
  virtual std::string name() const = 0;

  /// `images` fp32 [n, c, h, w] in [0, 1] with the trigger, in [0, 1] too, as new tensors through
  /// which gradients flow. Throws InvalidArgument for images that the trigger does not fit on.
  virtual at::Tensor stamp(const at::Tensor& images) const = 0;
};

}  // namespace hadal::msp
