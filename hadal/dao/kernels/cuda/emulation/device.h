#pragma once

// What sm80_device.cuh offers, for threads that emulation/machine.h runs on the CPU. Test-only.
#include "hadal/dao/kernels/cuda/emulation/machine.h"
#include "hadal/dao/kernels/cuda/params.h"

#include <bit>
#include <cmath>

#define HADAL_DEVICE_NAMESPACE emulation
#define HADAL_DEVICE inline
#define HADAL_KERNEL(threads, blocks) inline

namespace hadal::dao::kernels::cuda::emulation {

using SharedAddress = std::uint32_t;

HADAL_DEVICE int thread_index() { return machine().thread_index(); }
HADAL_DEVICE std::int64_t block_index() { return machine().block_index(); }
HADAL_DEVICE void sync_threads() { machine().request({.kind = Kind::barrier}); }
HADAL_DEVICE char* shared_memory() { return machine().shared_memory(); }
HADAL_DEVICE SharedAddress shared_address(int bytes) { return static_cast<SharedAddress>(bytes); }

HADAL_DEVICE void copy_16_async(SharedAddress to, const void* from, bool there) {
  machine().copy(to, from, 16, there);
}
HADAL_DEVICE void copy_8_async(SharedAddress to, const void* from, bool there) {
  machine().copy(to, from, 8, there);
}
HADAL_DEVICE void wait_for_copies() { machine().wait_for_copies(); }

HADAL_DEVICE void load_matrices(std::uint32_t (&to)[4], SharedAddress row) {
  machine().request({.kind = Kind::load_matrices, .loaded = to, .address = row});
}
HADAL_DEVICE void load_matrices_transposed(std::uint32_t (&to)[4], SharedAddress row) {
  machine().request({.kind = Kind::load_matrices_transposed, .loaded = to, .address = row});
}
HADAL_DEVICE void multiply_add(float (&to)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                               std::uint32_t b1) {
  machine().request({.kind = Kind::multiply_add, .sums = to, .a = a, .b = {b0, b1}});
}
HADAL_DEVICE float across(float x, int mask) {
  float result = x;
  machine().request({.kind = Kind::across, .sums = &result, .mask = mask});
  return result;
}
HADAL_DEVICE bool any_lane(bool holds) {
  float result = holds ? 1 : 0;
  machine().request({.kind = Kind::any, .sums = &result});
  return result != 0;
}

HADAL_DEVICE float float_of(Bf16 x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16);
}
/// Round to nearest even.
HADAL_DEVICE std::uint32_t bf16_bits(float x) {
  if (std::isnan(x)) return 0x7fff;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
HADAL_DEVICE std::uint32_t pack(float low, float high) {
  return bf16_bits(low) | bf16_bits(high) << 16;
}
HADAL_DEVICE float exp2_of(float x) { return std::exp2(x); }
HADAL_DEVICE float log2_of(float x) { return std::log2(x); }
HADAL_DEVICE float larger(float a, float b) { return std::fmax(a, b); }
HADAL_DEVICE float fused(float a, float b, float c) { return std::fma(a, b, c); }

}  // namespace hadal::dao::kernels::cuda::emulation
