#pragma once

#include "hadal/core/process_group/process_group.h"

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

namespace hadal::draf {

/// The ranks that hold a model's layers side by side, as Megatron-LM lays them out (Shoeybi et al.,
/// 2019): each has some of the heads, of the feed-forward layers' width and of the vocabulary. For
/// one thread.
class TensorParallel {
 public:
  explicit TensorParallel(std::shared_ptr<ProcessGroup> group) : group_(std::move(group)) {}

  int rank() const { return group_->rank(); }
  int ranks() const { return group_->size(); }

  /// Begins to add up what the ranks have in `part`, in place. Sums end in the order in which they
  /// were begun.
  PendingCollective sum(const at::Tensor& part);
  /// The columns of all ranks side by side: `part` [rows, width], dense, to [rows, ranks * width].
  at::Tensor join_columns(const at::Tensor& part);

  /// Bytes that this rank was given to add up or to join, since the start.
  std::int64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<ProcessGroup> group_;
  std::int64_t bytes_ = 0;
};

}  // namespace hadal::draf
