#pragma once

#include "hadal/core/process_group/process_group.h"

#include <cstdint>
#include <memory>
#include <utility>

#include <ATen/core/Tensor.h>

namespace hadal::draf {

/// A sum that is on its way. wait() has to be called, in the order in which they were begun.
class [[nodiscard]] PendingSum {
 public:
  PendingSum(PendingCollective arrival, at::Tensor part, at::Tensor coded)
      : arrival_(std::move(arrival)), part_(std::move(part)), coded_(std::move(coded)) {}
  /// Returns when the sum is in the tensor. Throws PeerError.
  void wait();

 private:
  PendingCollective arrival_;
  at::Tensor part_;
  at::Tensor coded_;  // all ranks' parts in 8 bits; undefined where they are added up on the way
};

/// The ranks that hold a model's layers side by side, as Megatron-LM lays them out (Shoeybi et al.,
/// 2019): each has some of the heads, of the feed-forward layers' width and of the vocabulary. For
/// one thread.
class TensorParallel {
 public:
  /// `most_parts` is how many parts a pass of many tokens is cut into, so that the sums of one are
  /// on their way while another is computed; with one, each sum is waited for where it begins.
  ///
  /// With `int8_sums`, parts of 64 tokens and more travel as 8 bits a number with a scale a token:
  /// half of bf16's bytes between two ranks, three quarters among three. Fewer tokens take as long
  /// whatever their bytes, and with more ranks a sum on the way moves no more. Throws
  /// InvalidArgument, naming them, for these.
  explicit TensorParallel(std::shared_ptr<ProcessGroup> group, std::int64_t most_parts = 4,
                          bool int8_sums = false);

  int rank() const { return group_->rank(); }
  int ranks() const { return group_->size(); }
  std::int64_t most_parts() const { return most_parts_; }
  bool int8_sums() const { return int8_sums_; }

  /// Begins to add up what the ranks have in `part`, in place. Sums end in the order in which they
  /// were begun.
  PendingSum sum(const at::Tensor& part);
  /// The same of part [tokens, width], whose numbers may be rounded on the way.
  PendingSum sum_of_activations(const at::Tensor& part);
  /// The columns of all ranks side by side: `part` [rows, width], dense, to [rows, ranks * width].
  at::Tensor join_columns(const at::Tensor& part);

  /// Of the sums and joins.
  Traffic traffic() const { return group_->traffic(); }

 private:
  std::shared_ptr<ProcessGroup> group_;
  std::int64_t most_parts_;
  bool int8_sums_;
};

}  // namespace hadal::draf
