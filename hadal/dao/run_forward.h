#pragma once

#include "hadal/dao/inputs.h"
#include "hadal/dao/kernels/forward.h"

namespace hadal::dao {

struct ForwardKernel {
  void (*run)(const kernels::Task* tasks, int count);  ///< up to kMostTasks of the same keys
  at::ScalarType type;                                 ///< of the products: fp32 or bf16
};

/// What a thread's tasks work in.
class ForwardMemory {
 public:
  /// For heads of `padded` elements.
  explicit ForwardMemory(std::int64_t padded);
  /// Memory for one of up to kMostTasks tasks that are run together.
  void give(kernels::Task& task, std::int64_t index) const;

 private:
  at::Tensor kept_, scratch_;
};

/// The best one for inputs of `type`.
ForwardKernel forward_kernel(at::ScalarType type);

/// The output, in bf16 where the query is and else in fp32, and the log-sum-exp; the output lies
/// with heads before tokens, or after them.
AttentionResult run_forward(const ForwardKernel& kernel, const Inputs& inputs,
                            bool tokens_first = false);

}  // namespace hadal::dao
