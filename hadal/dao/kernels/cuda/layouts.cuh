#pragma once

// Which layout a kernel takes for a head size. Bounds are a multiprocessor's 65,536 registers and,
// on Hopper, 227 KB of shared memory.
#include "hadal/dao/kernels/cuda/layout.cuh"

#include <type_traits>

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

/// For a block of queries. 32 rows a warp halve what it reads of keys and values, as long as the
/// rows' results, kHead registers a thread for 32 rows, leave room. By count, not measured: forward
/// with heads of 128, a pair of blocks takes a multiprocessor 1,024 clocks for shared memory (48
/// loads a warp of 4 clocks, and 32 KB written), during which Hopper's tensor cores could do twice
/// the pair's 2.1 MFLOP.
template <int kHead>
using QueryLayout =
    std::conditional_t<kHead == 256, Layout<256, 1, 4, 1, 1>, Layout<kHead, 2, 2, 2, 2>>;

/// For decoding: up to 16 heads that share keys, which the warps divide among them.
template <int kHead>
using DecodeLayout = Layout<kHead, 1, 1, 4, kHead == 256 ? 1 : 2>;

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
