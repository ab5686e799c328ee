#pragma once

#include "hadal/hpts/optimizer/kernels/step.h"
#include "hadal/hpts/optimizer/kernels/vector.h"

namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE {

/// A permutation of 32 bits in which each bit of the input flips each of the output with a
/// probability near 1/2 (Wellons, 2018, "Prospecting for hash functions": lowbias32).
inline Words mix(Words x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  x ^= x >> 16;
  return x;
}

/// 32 random bits for each of the elements from `first` on: a function of the element's number and
/// the key alone, so that threads, blocks and instruction sets all agree. Numbers from 2^32 on
/// repeat those from 0.
inline Words random_words(int64_t first, const Key& key) {
  const Words numbers = lane_numbers() + static_cast<uint32_t>(first);
  return mix(mix(numbers ^ key.words[0]) + key.words[1]);
}

/// Those of a block.
struct alignas(64) RandomBlock {
  RandomBlock(int64_t first, const Key& key) {
    for (int i = 0; i < kBlock; i += kWidth) store(words + i, random_words(first + i, key));
  }
  uint32_t words[kBlock];
};

}  // namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE
