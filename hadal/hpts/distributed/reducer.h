#pragma once

#include "hadal/hpts/distributed/data_parallel.h"
#include "hadal/hpts/distributed/hook_thread.h"

namespace hadal::hpts {

/// c10d::Reducer, whose constructor and header change from one LibTorch to the next: reducer.cpp is
/// the only source that sees them.
class GradientReducer {
 public:
  GradientReducer(const std::vector<std::string>& names, const std::vector<at::Tensor>& parameters,
                  ProcessGroup& group, HookThread& thread, const DataParallelOptions& options);
  ~GradientReducer();

  /// To be called before each forward whose backward shall communicate.
  void before_forward();
  /// And after it: `output` is what backward will start from, or leads to it.
  void before_backward(const at::Tensor& output, std::int64_t step);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hadal::hpts
