// That the emulated machine computes what its instructions are defined to, and finds faults.
#include "hadal/dao/kernels/cuda/emulation/machine.h"

#include "hadal/core/error.h"
#include "hadal/dao/kernels/cuda/emulation/device.h"

#include <cmath>

#include <gtest/gtest.h>

namespace hadal::dao::kernels::cuda::emulation {
namespace {

void launch(int threads, std::size_t shared_bytes, const std::function<void()>& kernel) {
  machine().launch(1, threads, shared_bytes, kernel);
}

Bf16 bf16(float x) { return {static_cast<std::uint16_t>(bf16_bits(x))}; }

/// Row r, column c of the matrices that a warp multiplies below.
float left_at(int row, int k) { return static_cast<float>(row * 3 - k); }
float right_at(int k, int column) { return static_cast<float>(k - 5 * column); }

TEST(CudaMachineEmulation, MultipliesMatricesThatItsLoadsLoad) {
  alignas(16) Bf16 left[16][16];  // [row][k]
  alignas(16) Bf16 right[16][8];  // [k][column]
  for (int k = 0; k < 16; ++k) {
    for (int i = 0; i < 16; ++i) left[i][k] = bf16(left_at(i, k));
    for (int i = 0; i < 8; ++i) right[k][i] = bf16(right_at(k, i));
  }
  float sums[32][4] = {};
  launch(32, 1024, [&] {
    const int lane = thread_index();
    copy_16_async(static_cast<SharedAddress>(lane * 16), &left[lane / 2][lane % 2 * 8], true);
    copy_16_async(static_cast<SharedAddress>(512 + lane % 16 * 16), &right[lane % 16][0], true);
    wait_for_copies();
    sync_threads();
    std::uint32_t a[4], b[4];
    // Quarters of the left matrix: upper left, lower left, upper right, lower right.
    load_matrices(a, static_cast<SharedAddress>((lane % 16) * 32 + lane / 16 * 16));
    load_matrices_transposed(b, static_cast<SharedAddress>(512 + lane % 16 * 16));
    multiply_add(sums[lane], a, b[0], b[1]);
  });
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + i / 2 * 8;
      const int column = lane % 4 * 2 + i % 2;
      float expected = 0;
      for (int k = 0; k < 16; ++k) expected += left_at(row, k) * right_at(k, column);
      EXPECT_EQ(sums[lane][i], expected) << "row " << row << ", column " << column;
    }
  }
}

TEST(CudaMachineEmulation, ExchangesBetweenLanes) {
  launch(64, 0, [] {
    EXPECT_EQ(across(static_cast<float>(thread_index()), 5),
              static_cast<float>(thread_index() ^ 5));
  });
}

TEST(CudaMachineEmulation, AsksWarpsOneByOne) {
  launch(64, 0, [] { EXPECT_EQ(any_lane(thread_index() == 40), thread_index() >= 32); });
}

TEST(CudaMachineEmulation, RoundsToNearestEven) {
  EXPECT_EQ(bf16_bits(1.0F), 0x3f80U);
  EXPECT_EQ(bf16_bits(1.00390625F), 0x3f80U);  // half way, to even
  EXPECT_EQ(bf16_bits(1.01171875F), 0x3f82U);  // half way, to even
  EXPECT_EQ(bf16_bits(-INFINITY), 0xff80U);
  EXPECT_EQ(pack(1.0F, -2.0F), 0xc0003f80U);
}

TEST(CudaMachineEmulation, ShowsMissingBarriersAndWaits) {
  alignas(16) const float source[4] = {1, 2, 3, 4};
  // Runs of a warp that reads what another one copies; gives how many read something else.
  const auto faults = [&](bool waits, bool syncs) {
    int found = 0;
    for (int run = 0; run < 20; ++run) {
      launch(64, 16, [&] {
        if (thread_index() == 0) copy_16_async(0, source, true);
        if (waits) wait_for_copies();
        if (syncs) sync_threads();
        if (thread_index() == 63 && reinterpret_cast<float*>(shared_memory())[2] != 3) ++found;
      });
    }
    return found;
  };
  EXPECT_EQ(faults(true, true), 0);
  EXPECT_GT(faults(false, true), 0);
  EXPECT_GT(faults(true, false), 0);
}

TEST(CudaMachineEmulation, ThrowsForThreadsThatGoApartOrTooFar) {
  EXPECT_THROW(launch(32, 0,
                      [] {
                        if (thread_index() < 7) sync_threads();
                      }),
               Error);
  EXPECT_THROW(launch(64, 0,
                      [] {
                        if (thread_index() < 32) sync_threads();
                      }),
               Error);
  EXPECT_THROW(launch(32, 64,
                      [] {
                        std::uint32_t to[4];
                        load_matrices(to, 64);
                      }),
               Error);
  EXPECT_THROW(launch(32, 0, [] { throw Error("thrown by a thread"); }), Error);
}

}  // namespace
}  // namespace hadal::dao::kernels::cuda::emulation
