#pragma once

#include "hadal/hpts/distributed/hook.h"

#include <functional>

namespace torch::nn {
class Module;
}

namespace hadal::hpts {

struct DataParallelOptions {
  /// Gradients are communicated in buckets of up to this many bytes. The first is smaller, so that
  /// it leaves early.
  std::int64_t first_bucket_bytes = std::int64_t{1} << 20;
  std::int64_t bucket_bytes = std::int64_t{25} << 20;
  /// Whether a step may leave parameters unused on some ranks, or on all; costs a walk through the
  /// graph and a small collective a step. Without it such a step is an error.
  bool find_unused_parameters = false;
  /// Gradients are views of the buckets, which saves a copy of them; zero_grad() must then be left
  /// to set them to none, as it does unless told otherwise.
  bool gradient_as_bucket_view = false;
  /// Before each forward in training mode, buffers become those of rank 0 (batch norm's
  /// statistics).
  bool broadcast_buffers = true;
};

/// Trains copies of one model on all ranks of a group, each on its own examples: after backward,
/// the gradients are the mean over all ranks, and so equal on all. Communication overlaps backward.
///
///     DistributedDataParallel parallel(*model, init_process_group());
///     at::Tensor loss = parallel.forward([&] { return loss_of(model->forward(x), y); });
///     loss.backward();
///     optimizer.step();
///
/// backward() throws PeerError, naming the rank, where another process fails; the object can then
/// only be destroyed. In a group of one process it does nothing.
class DistributedDataParallel {
 public:
  /// Makes parameters and buffers those of rank 0. `model` has to outlive this object, and its
  /// parameters have to stay the same tensors. All ranks have to call it at the same time; throws
  /// InvalidArgument, naming parameter and rank, where their models differ, or where there is
  /// nothing to train.
  DistributedDataParallel(torch::nn::Module& model, std::shared_ptr<ProcessGroup> group,
                          std::unique_ptr<GradientHook> hook = all_reduce_hook(),
                          const DataParallelOptions& options = {});
  ~DistributedDataParallel();
  DistributedDataParallel(const DistributedDataParallel&) = delete;
  DistributedDataParallel& operator=(const DistributedDataParallel&) = delete;

  /// Runs the model by `run`, which returns the tensor that backward will start from (the loss, or
  /// what it is computed from), and returns that. The backward that follows communicates, unless
  /// gradients are off or a NoSync lives.
  at::Tensor forward(const std::function<at::Tensor()>& run);

  /// While one lives, forward() and backward add to this rank's own gradients and communicate
  /// nothing; the next step without one communicates the sum.
  class [[nodiscard]] NoSync {
   public:
    explicit NoSync(bool& flag) : flag_(flag), before_(flag) { flag = true; }
    ~NoSync() { flag_ = before_; }
    NoSync(const NoSync&) = delete;
    NoSync& operator=(const NoSync&) = delete;

   private:
    bool& flag_;
    bool before_;
  };
  NoSync no_sync() { return NoSync(paused_); }

  GradientHook& hook() { return *hook_; }
  ProcessGroup& group() { return *group_; }

 private:
  struct Engine;

  torch::nn::Module& model_;
  std::shared_ptr<ProcessGroup> group_;
  std::unique_ptr<GradientHook> hook_;
  DataParallelOptions options_;
  bool paused_ = false;
  std::int64_t step_ = 0;
  std::unique_ptr<Engine> engine_;  // null in a group of one
};

}  // namespace hadal::hpts
