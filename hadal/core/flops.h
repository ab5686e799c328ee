#pragma once

namespace hadal {

/// Counts the floating-point operations of ATen's matrix products and convolutions, forward and
/// backward, and of its attention kernel for CPUs, as far as the thread that made it starts them
/// while it lives; a backward pass on the CPU belongs to the thread that calls it. A multiplication
/// and an addition count as two, from the operands' shapes. Attention counts the pairs that its
/// causal mask leaves, and no softmax; its backward pass 2.5 times as much, with the scores that it
/// computes again. Element-wise operations, reductions, and kernels that ATen's dispatcher does not
/// see count as nothing. Counters may be nested; each counts all.
class FlopCounter {
 public:
  FlopCounter();
  ~FlopCounter();
  FlopCounter(const FlopCounter&) = delete;
  FlopCounter& operator=(const FlopCounter&) = delete;

  /// Since construction. To be called on the same thread.
  double flops() const;

 private:
  double start_;
};

}  // namespace hadal
