#pragma once

#include "hadal/core/process_group/process_group.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

/// The rank that updates each parameter: the largest first, each to the rank that has the least
/// bytes so far; the same on all ranks.
std::vector<int> assign_owners(const std::vector<at::Tensor>& parameters, int ranks);

/// What an optimizer has to do for ShardedOptimizer: move its parameters along their gradients.
using OptimizerStep = std::function<void()>;
/// Makes the optimizer of the parameters with these places in the list; it is never given none.
using MakeOptimizer = std::function<OptimizerStep(const std::vector<std::size_t>& own)>;

/// ZeRO-1 (Rajbhandari et al., 2020): each rank keeps the optimizer's state of its own parameters
/// only, updates these, and sends them to the others. With n ranks, state takes a share of about 1
/// / n each. Gradients are those that DistributedDataParallel, or ShardedGradients, leaves; the
/// result is that of one optimizer of all parameters, bit for bit, where that treats parameters one
/// by one.
class ShardedOptimizer {
 public:
  ShardedOptimizer(std::shared_ptr<ProcessGroup> group, std::vector<at::Tensor> parameters,
                   const MakeOptimizer& make);

  /// Throws PeerError where another rank fails.
  void step();
  /// The places of this rank's own parameters.
  const std::vector<std::size_t>& own() const { return own_; }

 private:
  std::shared_ptr<ProcessGroup> group_;
  std::vector<at::Tensor> parameters_;
  std::vector<int> owners_;
  std::vector<std::size_t> own_;
  OptimizerStep optimizer_;
};

/// ZeRO-2's gradients, in place of DistributedDataParallel: during backward each gradient is
/// reduced to the mean at the rank that owns its parameter, and dropped at all others. A rank holds
/// the gradients of its own parameters, and for a moment those of a few buckets.
class ShardedGradients {
 public:
  struct State;
  /// Watches the parameters' gradients while it lives. All ranks have to have the same parameters,
  /// whose values become those of rank 0. `names` are for errors.
  ShardedGradients(std::shared_ptr<ProcessGroup> group, const std::vector<std::string>& names,
                   const std::vector<at::Tensor>& parameters,
                   std::int64_t bucket_bytes = std::int64_t{25} << 20);
  ~ShardedGradients();
  ShardedGradients(const ShardedGradients&) = delete;
  ShardedGradients& operator=(const ShardedGradients&) = delete;

  /// To be called after each backward: returns when the gradients of this rank's parameters are the
  /// mean over all ranks; the others have none. Throws InvalidArgument, naming a parameter, where
  /// one got no gradient, and PeerError where another rank fails.
  void finish();

 private:
  std::shared_ptr<State> state_;
};

}  // namespace hadal::hpts
