#pragma once

#include <stdint.h>

// Between block_features.cpp and its kernels, which are compiled once an instruction set: nothing
// here or below may have inline functions outside of HADAL_ISA_NAMESPACE.
namespace hadal::dao {

/// `count` rows of `size` numbers, at most kLargestSize, without those where `real` is false; where
/// it is null, all count. `to` has `padded` numbers, or twice as many, and starts as zeros.
struct PoolTask {
  const void* rows;
  const bool* real;
  int64_t stride;  // in elements
  int64_t count;
  int64_t size;
  int64_t padded;
  float* to;
};

constexpr int64_t kLargestSize = 256;

}  // namespace hadal::dao
