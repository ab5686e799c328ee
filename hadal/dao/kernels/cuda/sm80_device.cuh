#pragma once

// The instructions that attention's kernels are built from, for compute capability 8.0 and later.
// Their layouts of registers are those of the PTX ISA, "Warp Level Matrix Instructions".
#include "hadal/dao/kernels/cuda/params.h"

#define HADAL_DEVICE_NAMESPACE gpu
#define HADAL_DEVICE __device__ __forceinline__
#define HADAL_KERNEL(threads, blocks) __global__ __launch_bounds__(threads, blocks)

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

HADAL_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
HADAL_DEVICE std::int64_t block_index() { return blockIdx.x; }
HADAL_DEVICE void sync_threads() { __syncthreads(); }

/// The thread block's shared memory, which its launch sizes; starts at a multiple of 1024 bytes.
HADAL_DEVICE char* shared_memory() {
  extern __shared__ __align__(1024) char memory[];
  return memory;
}

/// A place in shared memory, in bytes, as instructions take it.
using SharedAddress = std::uint32_t;

HADAL_DEVICE SharedAddress shared_address(int bytes) {
  return static_cast<SharedAddress>(__cvta_generic_to_shared(shared_memory())) + bytes;
}

/// Starts copying 16 bytes from global to shared memory; writes zeros where not `there`.
HADAL_DEVICE void copy_16_async(SharedAddress to, const void* from, bool there) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(to), "l"(from),
               "r"(there ? 16 : 0)
               : "memory");
}

HADAL_DEVICE void copy_8_async(SharedAddress to, const void* from, bool there) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;\n" ::"r"(to), "l"(from),
               "r"(there ? 8 : 0)
               : "memory");
}

/// Waits for the copies that this thread has started.
HADAL_DEVICE void wait_for_copies() { asm volatile("cp.async.wait_all;\n" ::: "memory"); }

/// Loads four 8 x 8 matrices of 16-bit elements, whose rows the lanes point to, eight for each.
HADAL_DEVICE void load_matrices(std::uint32_t (&to)[4], SharedAddress row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(row)
               : "memory");
}

HADAL_DEVICE void load_matrices_transposed(std::uint32_t (&to)[4], SharedAddress row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(row)
               : "memory");
}

/// to [16, 8] += a [16, 16] b [16, 8].
HADAL_DEVICE void multiply_add(float (&to)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                               std::uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
      : "+f"(to[0]), "+f"(to[1]), "+f"(to[2]), "+f"(to[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// The two as bf16, rounded to nearest even, `low` in the lower half.
HADAL_DEVICE std::uint32_t pack(float low, float high) {
  std::uint32_t result;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;\n" : "=r"(result) : "f"(high), "f"(low));
  return result;
}

HADAL_DEVICE float exp2_of(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;\n" : "=f"(result) : "f"(x));
  return result;
}

HADAL_DEVICE float float_of(Bf16 x) { return __uint_as_float(std::uint32_t{x.bits} << 16); }
HADAL_DEVICE float log2_of(float x) { return log2f(x); }
HADAL_DEVICE float larger(float a, float b) { return fmaxf(a, b); }
HADAL_DEVICE float fused(float a, float b, float c) { return fmaf(a, b, c); }

/// Whether `holds` in any lane.
HADAL_DEVICE bool any_lane(bool holds) { return __any_sync(0xffffffffU, holds) != 0; }

/// `x` of the lane whose index differs in the bits of `mask`.
HADAL_DEVICE float across(float x, int mask) { return __shfl_xor_sync(0xffffffffU, x, mask); }

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
