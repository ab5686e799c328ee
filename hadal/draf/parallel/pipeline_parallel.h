#pragma once

#include "hadal/core/process_group/process_group.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::draf {

/// The stages that hold a model's layers one after another, as GPipe lays them out (Huang et al.,
/// 2019), seen by one rank of one of them: it speaks to the rank of the same place in the stage
/// before and in that after. Several parts of a step are on their way at a time. For one thread.
class PipelineParallel {
 public:
  /// `group` holds the ranks of all stages, a stage's side by side: rank = stage * its ranks +
  /// place. All have to call it. `most_parts` is how many parts a step of many tokens is cut into,
  /// so that stages compute one while another is on its way; with one, each send is waited for
  /// where it begins.
  PipelineParallel(ProcessGroup& group, int stages, std::int64_t most_parts = 4);

  int stage() const { return stage_; }
  int stages() const { return stages_; }
  bool is_first() const { return stage_ == 0; }
  bool is_last() const { return stage_ == stages_ - 1; }
  std::int64_t most_parts() const { return most_parts_; }

  /// Says which streams of the stage before come next: so many tokens of each, of width `dim`.
  void expect(std::span<const std::int64_t> tokens, std::int64_t dim);
  /// The next of them, fp32 [tokens, dim].
  at::Tensor receive(std::int64_t tokens, std::int64_t dim);
  /// Hands a stream on to the stage after, which nobody may change from then on.
  void send(const at::Tensor& stream);

  /// What the stage before has said by tell(), or the first by itself.
  std::vector<std::uint8_t> hear();
  /// Says something to the stage after, where there is one.
  void tell(std::span<const std::uint8_t> bytes);
  /// Waits until the stage after has taken all.
  void settle() { settle(0); }

  /// At the last stage: gives `bytes` to all stages. At the others: what it gave.
  std::vector<std::uint8_t> from_last(std::vector<std::uint8_t> bytes);

  /// Of the streams that this rank has sent.
  Traffic traffic() const { return next_->traffic(); }

 private:
  struct Coming {
    at::Tensor stream;
    PendingCollective arrival;
  };

  void settle(std::size_t most_left);

  int stages_;
  int stage_;
  std::int64_t most_parts_;
  std::shared_ptr<ProcessGroup> column_;    // this place of all stages
  std::shared_ptr<ProcessGroup> previous_;  // with the stage before, of rank 0 in it
  std::shared_ptr<ProcessGroup> next_;      // with the stage after, of rank 1 in it
  std::deque<Coming> coming_;
  std::deque<PendingCollective> sent_;
};

}  // namespace hadal::draf
