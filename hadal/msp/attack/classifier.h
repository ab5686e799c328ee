#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// What is attacked: maps inputs [n, ...] to logits [n, classes], each row by itself (a batch norm
/// has to be in evaluation mode). What prepares an input, such as normalization, belongs in here,
/// so that distances are those of the inputs. Attacks with gradients need it differentiable by
/// autograd.
using Classifier = std::function<at::Tensor(const at::Tensor& inputs)>;

}  // namespace hadal::msp
