#pragma once

#include <cstdint>

namespace hadal {

/// Counts the bytes that ATen's CPU allocator has handed out, in all threads: what tensors hold, as
/// requested, without the heap's own rounding.
///
/// A program that links this file counts from its start, through an allocator that wraps ATen's own
/// and costs a table look-up per allocation. Meters read one common count, so they may nest and
/// overlap. What another thread allocates at the very moment when a meter starts may be counted to
/// either side.
///
/// Not seen: memory that does not come from ATen's CPU allocator. That is standard containers,
/// mapped files, and what oneDNN and the BLAS allocate themselves. Compared with the growth of
/// resident memory on LibTorch 2.13, matrix products, attention and channels-last convolutions are
/// seen to within 1 MB, but of a convolution of contiguous tensors a third is not: oneDNN's copy of
/// the input in its own layout (13 of 39 MB where input and output have 13 each).
class MemoryMeter {
 public:
  /// Starts here. Throws Unsupported where another library's CPU allocator cannot be wrapped.
  MemoryMeter();
  ~MemoryMeter();
  MemoryMeter(const MemoryMeter&) = delete;
  MemoryMeter& operator=(const MemoryMeter&) = delete;

  /// Bytes held now above those held at the start; negative where more was freed than allocated.
  std::int64_t current_bytes() const;
  /// The most that current_bytes() has been since the start; never negative.
  std::int64_t peak_bytes() const;
  /// Starts again from here.
  void reset();

 private:
  std::int64_t start_ = 0;
  mutable std::int64_t peak_ = 0;  // bytes held in all, written by the common count
};

/// Bytes of physical memory that this process holds now (VmRSS of /proc/self/status). Throws
/// Unsupported where the system does not say.
std::int64_t resident_bytes();
/// The most that resident_bytes() has been since the process began (VmHWM), whoever allocated it.
std::int64_t peak_resident_bytes();

}  // namespace hadal
