#pragma once

#include "hadal/hpts/optimizer/kernels/step.h"

namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE {

/// A block of an array: the array itself, or where it ends within the block a copy padded with
/// zeros, so that all work is on whole blocks.
template <class Element>
class Window {
 public:
  /// Elements `first` to `first` + `count`, at most kBlock, of `array`.
  Window(Element* array, int64_t first, int count) : place_(array + first), count_(count) {
    if (count_ == kBlock) return;
    __builtin_memcpy(copy_, place_, bytes());
    __builtin_memset(reinterpret_cast<char*>(copy_) + bytes(), 0, sizeof copy_ - bytes());
  }
  Window(void* array, int64_t first, int count)
      : Window(static_cast<Element*>(array), first, count) {}
  Element* data() { return count_ == kBlock ? place_ : copy_; }
  /// Takes what was written to data() over into the array.
  void write_back() {
    if (count_ != kBlock) __builtin_memcpy(place_, copy_, bytes());
  }

 private:
  unsigned long bytes() const { return sizeof(Element) * static_cast<unsigned long>(count_); }

  Element* place_;
  int count_;
  Element copy_[kBlock];
};

/// Floats of a block, wherever they are kept.
struct alignas(64) Floats {
  float values[kBlock];
};

}  // namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE
