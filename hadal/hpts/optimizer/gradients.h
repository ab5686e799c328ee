#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

// Over the gradients of parameters: fp32 or bf16 tensors on the CPU. Parameters without one are
// passed over. All throw InvalidArgument for a gradient of another kind, and for a parameter that a
// StepInBackward moves, whose gradient is gone before all are there.

/// The sum of the squares of all elements, in fp64, which is finite if and only if all elements
/// are. The same for any number of threads.
double square_sum(const std::vector<at::Tensor>& parameters);

/// Multiplies all elements by `factor`, and returns the sum of their squares before.
double scale_gradients(const std::vector<at::Tensor>& parameters, double factor);

/// What to do where the norm is not finite.
enum class NonFinite { error, leave };

/// Scales the gradients down to the norm `max_norm` where theirs, over all elements of all, is
/// above; returns theirs. As torch.nn.utils.clip_grad_norm_, the factor is max_norm / (norm +
/// 1e-6). Where the norm is not finite, leaves the gradients as they are or throws Error. Throws
/// InvalidArgument where `max_norm` is not above 0.
double clip_gradient_norm(const std::vector<at::Tensor>& parameters, double max_norm,
                          NonFinite non_finite = NonFinite::error);

/// Limits each element to -limit .. limit; NaN stays. Throws InvalidArgument where `limit` is not
/// above 0.
void clip_gradient_value(const std::vector<at::Tensor>& parameters, double limit);

}  // namespace hadal::hpts
