#pragma once

#include <optional>
#include <tuple>

#include <ATen/core/Tensor.h>

namespace hadal::dao::ops {

using OptionalTensor = std::optional<at::Tensor>;
using TwoTensors = std::tuple<at::Tensor, at::Tensor>;
using ThreeTensors = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

/// The operator hadal::attention, through the dispatcher: see docs/python.md.
TwoTensors attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const OptionalTensor& block_mask, bool causal, std::optional<double> scale,
                     const OptionalTensor& key_mask);

/// The operator hadal::attention_backward, through the dispatcher.
ThreeTensors attention_backward(const at::Tensor& output_grad,
                                const OptionalTensor& log_sum_exp_grad, const at::Tensor& query,
                                const at::Tensor& key, const at::Tensor& value,
                                const at::Tensor& output, const at::Tensor& log_sum_exp,
                                const OptionalTensor& block_mask, bool causal,
                                std::optional<double> scale, const OptionalTensor& key_mask);

}  // namespace hadal::dao::ops
