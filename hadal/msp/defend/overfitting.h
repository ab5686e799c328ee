#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// Watches training on examples of one step for catastrophic overfitting, in which a network learns
/// to resist one step alone, and falls to several (Wong et al., 2020). While it is seen, training
/// takes examples of several steps, which cures it (Li et al., 2020, "Towards understanding fast
/// adversarial training").
class OverfittingWatch {
 public:
  /// Tells the share of a batch that the network gets right after one step, and after several.
  void observe(double after_one, double after_many);

  bool is_overfitted() const { return overfitted_; }
  std::int64_t times() const { return times_; }  ///< how often it began

  /// int64 [2], for a checkpoint.
  at::Tensor state() const;
  void load(const at::Tensor& state);

 private:
  bool overfitted_ = false;
  std::int64_t times_ = 0;
};

}  // namespace hadal::msp
