#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::models {

/// Which examples each step of a run sees: every epoch all examples in a fresh order, but for those
/// of a last partial batch. A step's examples depend on nothing but the arguments, so a run that
/// resumes sees what it would have seen.
class Batches {
 public:
  /// Throws InvalidArgument for a batch below 1, and where there are fewer examples than one batch.
  Batches(std::int64_t examples, std::int64_t batch, std::uint64_t seed);

  std::int64_t steps_per_epoch() const { return examples_ / batch_; }
  /// int64 [batch] of step 0, 1, 2 ...
  at::Tensor of_step(std::int64_t step);

 private:
  std::int64_t examples_;
  std::int64_t batch_;
  std::uint64_t seed_;
  std::int64_t epoch_ = -1;  // whose order is in `order_`
  at::Tensor order_;
};

}  // namespace hadal::models
