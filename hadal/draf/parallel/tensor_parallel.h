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
  /// `most_parts` is how many parts a pass of many tokens is cut into, so that the sums of one are
  /// on their way while another is computed; with one, each sum is waited for where it begins.
  explicit TensorParallel(std::shared_ptr<ProcessGroup> group, std::int64_t most_parts = 4)
      : group_(std::move(group)), most_parts_(most_parts) {}

  int rank() const { return group_->rank(); }
  int ranks() const { return group_->size(); }
  std::int64_t most_parts() const { return most_parts_; }

  /// Begins to add up what the ranks have in `part`, in place. Sums end in the order in which they
  /// were begun.
  PendingCollective sum(const at::Tensor& part);
  /// The columns of all ranks side by side: `part` [rows, width], dense, to [rows, ranks * width].
  at::Tensor join_columns(const at::Tensor& part);

  /// Bytes that this rank was given to add up or to join, since the start.
  std::int64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<ProcessGroup> group_;
  std::int64_t most_parts_;
  std::int64_t bytes_ = 0;
};

}  // namespace hadal::draf
