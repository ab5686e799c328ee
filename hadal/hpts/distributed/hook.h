#pragma once

#include "hadal/core/process_group/process_group.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

/// Gradients that are communicated together.
struct GradientBucket {
  at::Tensor buffer;                    ///< flat; to be replaced by the mean over all ranks
  std::vector<at::Tensor> gradients;    ///< views of `buffer`, one a parameter
  std::vector<std::size_t> parameters;  ///< their places in the list that prepare() was given
  std::string what;                     ///< "gradients of step 12, bucket 3"
};

/// A bucket on its way through a hook.
class BucketReduction {
 public:
  virtual ~BucketReduction() = default;
  /// Waits for the collective that is in flight and goes on to the next, if there is one. Returns
  /// whether the bucket's buffer holds its result.
  virtual bool advance() = 0;
};

/// How gradients become the mean over all ranks. A thread of DistributedDataParallel calls begin()
/// for each bucket as soon as backward has filled it, then advance() once for each bucket that is
/// still on its way, oldest first; so the collectives of several buckets, and backward itself,
/// overlap, and have the same order on all ranks.
class GradientHook {
 public:
  virtual ~GradientHook() = default;

  /// Called once: the model's parameters and their names.
  virtual void prepare(const std::vector<std::string>& /*names*/,
                       const std::vector<at::Tensor>& /*parameters*/) {}
  /// Called before the first bucket of each step.
  virtual void begin_step() {}
  virtual std::unique_ptr<BucketReduction> begin(GradientBucket bucket, ProcessGroup& group) = 0;

  /// What has to be saved for training to go on as if it had not stopped, of this rank;
  /// load_state() after prepare(). Not to be called during backward.
  virtual std::map<std::string, at::Tensor> state() const { return {}; }
  virtual void load_state(const std::map<std::string, at::Tensor>& /*state*/) {}

  /// Bytes handed to collectives since the start. Each rank sends
  /// all_reduce_bytes_sent(payload_bytes(), size) of them.
  std::int64_t payload_bytes() const { return bytes_; }
  std::int64_t collectives() const { return collectives_; }

 protected:
  /// ProcessGroup::all_reduce(), counted.
  PendingCollective all_reduce(ProcessGroup& group, const at::Tensor& tensor,
                               const std::string& what);
  /// The mean of the gradients as they are.
  std::unique_ptr<BucketReduction> begin_mean(const GradientBucket& bucket, ProcessGroup& group);

 private:
  std::atomic<std::int64_t> bytes_{0};
  std::atomic<std::int64_t> collectives_{0};
};

/// The mean of the gradients as they are.
std::unique_ptr<GradientHook> all_reduce_hook();
/// The mean of the gradients rounded to bf16, and added in it: half of the bytes of fp32.
std::unique_ptr<GradientHook> bf16_hook();

}  // namespace hadal::hpts
