#pragma once

#include "hadal/hpts/autocast/state.h"

namespace hadal::hpts {

/// The type that x computes in where the plan says `precision`: x's own unless it is fp32, bf16 or
/// fp16, and bf16 for fp16 on a CPU.
at::ScalarType compute_type(Precision precision, const at::Tensor& x);

/// x in the type of `precision` and, where it has four dimensions and `images`, channels-last, with
/// gradients going back through the cast. What is kept of x is kept for it too.
at::Tensor cast(AutocastState& state, const at::Tensor& x, Precision precision, bool images);

/// Training-mode batch norm and ReLU that keep less, see Autocast; ATen's own where they do not
/// apply.
at::Tensor batch_norm(const at::Tensor& input, const std::optional<at::Tensor>& weight,
                      const std::optional<at::Tensor>& bias,
                      const std::optional<at::Tensor>& running_mean,
                      const std::optional<at::Tensor>& running_var, bool training, double momentum,
                      double epsilon, bool cudnn_enabled);
at::Tensor relu(const at::Tensor& x);
at::Tensor& relu_(at::Tensor& x);

}  // namespace hadal::hpts
