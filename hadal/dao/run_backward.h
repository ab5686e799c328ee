#pragma once

#include "hadal/dao/attention_backward.h"
#include "hadal/dao/inputs.h"
#include "hadal/dao/kernels/backward.h"

namespace hadal::dao {

struct BackwardKernel {
  void (*run)(const kernels::Pair& pair);
  at::ScalarType type;  ///< of the products: fp32 or bf16
};

/// The best one for inputs of `type`.
BackwardKernel backward_kernel(at::ScalarType type);

/// The forward pass's results and their gradients, all [batch, heads, queries, ...]; that of the
/// log-sum-exp may be undefined.
struct Results {
  at::Tensor output, log_sum_exp, output_grad, log_sum_exp_grad;
};

AttentionGradients run_backward(const BackwardKernel& kernel, const Inputs& inputs,
                                const Results& results);

}  // namespace hadal::dao
