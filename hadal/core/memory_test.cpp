#include "hadal/core/memory.h"

#include <atomic>
#include <thread>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

namespace hadal {
namespace {

constexpr std::int64_t kMega = 1'000'000;

at::Tensor bytes(std::int64_t size) { return at::empty({size}, at::kByte); }

TEST(MemoryMeter, CountsWhatTensorsHold) {
  const MemoryMeter meter;
  EXPECT_EQ(meter.current_bytes(), 0);
  EXPECT_EQ(meter.peak_bytes(), 0);
  {
    const at::Tensor floats = at::empty({1000, 250}, at::kFloat);
    EXPECT_EQ(meter.current_bytes(), kMega);
    const at::Tensor view = floats.slice(0, 0, 10);
    EXPECT_EQ(meter.current_bytes(), kMega);
  }
  EXPECT_EQ(meter.current_bytes(), 0);
  EXPECT_EQ(meter.peak_bytes(), kMega);
}

TEST(MemoryMeter, PeakIsTheMostHeldAtOnceNotTheSum) {
  const MemoryMeter meter;
  for (int i = 0; i < 5; ++i) bytes(kMega);
  const at::Tensor a = bytes(kMega);
  at::Tensor b = bytes(2 * kMega);
  b = at::Tensor();
  const at::Tensor c = bytes(kMega);
  EXPECT_EQ(meter.current_bytes(), 2 * kMega);
  EXPECT_EQ(meter.peak_bytes(), 3 * kMega);
}

TEST(MemoryMeter, FreeingWhatWasHeldBeforeLowersTheLevelButNotThePeak) {
  at::Tensor before = bytes(2 * kMega);
  const MemoryMeter meter;
  before = at::Tensor();
  EXPECT_EQ(meter.current_bytes(), -2 * kMega);
  const at::Tensor after = bytes(kMega);
  EXPECT_EQ(meter.current_bytes(), -kMega);
  EXPECT_EQ(meter.peak_bytes(), 0);
}

TEST(MemoryMeter, FollowsAResizedStorage) {
  at::Tensor before = bytes(kMega);
  const MemoryMeter meter;
  before.resize_({3 * kMega});
  EXPECT_EQ(meter.current_bytes(), 2 * kMega);
  // While the content moves, both the old and the new memory are held.
  EXPECT_EQ(meter.peak_bytes(), 3 * kMega);
}

TEST(MemoryMeter, CountsRawAllocations) {
  const MemoryMeter meter;
  c10::Allocator* allocator = c10::GetCPUAllocator();
  void* data = allocator->raw_allocate(kMega);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % 64, 0u);
  EXPECT_EQ(meter.current_bytes(), kMega);
  allocator->raw_deallocate(data);
  EXPECT_EQ(meter.current_bytes(), 0);
  EXPECT_EQ(meter.peak_bytes(), kMega);
}

TEST(MemoryMeter, FreesWhatTheWrappedAllocatorHandedOut) {
  const MemoryMeter meter;
  void* data = c10::GetDefaultCPUAllocator()->raw_allocate(kMega);
  c10::GetCPUAllocator()->raw_deallocate(data);
  EXPECT_EQ(meter.current_bytes(), 0);
}

TEST(MemoryMeter, EmptyTensorsAreFree) {
  const MemoryMeter meter;
  const at::Tensor empty = at::empty({0}, at::kFloat);
  EXPECT_EQ(meter.peak_bytes(), 0);
}

TEST(MemoryMeter, AllocationThatFailsIsNotCounted) {
  const MemoryMeter meter;
  EXPECT_THROW(c10::GetCPUAllocator()->allocate(~std::size_t{7}), c10::Error);
  EXPECT_EQ(meter.current_bytes(), 0);
  EXPECT_EQ(meter.peak_bytes(), 0);
}

TEST(MemoryMeter, ClonesAreCounted) {
  const at::Tensor original = at::ones({kMega / 4}, at::kFloat);
  const MemoryMeter meter;
  const at::Tensor copy = original.clone();
  EXPECT_EQ(meter.current_bytes(), kMega);
}

TEST(MemoryMeter, MetersNest) {
  const MemoryMeter outer;
  const at::Tensor a = bytes(kMega);
  std::int64_t inner_peak = 0;
  at::Tensor kept;
  {
    const MemoryMeter inner;
    bytes(4 * kMega);
    kept = bytes(2 * kMega);
    EXPECT_EQ(inner.peak_bytes(), 4 * kMega);
    EXPECT_EQ(outer.peak_bytes(), 5 * kMega);
  }
  {
    const MemoryMeter inner;
    bytes(kMega);
    inner_peak = inner.peak_bytes();
  }
  EXPECT_EQ(inner_peak, kMega);
  EXPECT_EQ(outer.peak_bytes(), 5 * kMega);
  EXPECT_EQ(outer.current_bytes(), 3 * kMega);
}

TEST(MemoryMeter, OuterPeakSurvivesAnInnerMeterThatIsNeverRead) {
  const MemoryMeter outer;
  bytes(5 * kMega);
  {
    const MemoryMeter inner;
  }
  bytes(kMega);
  EXPECT_EQ(outer.peak_bytes(), 5 * kMega);
}

TEST(MemoryMeter, ResetStartsAgain) {
  MemoryMeter meter;
  const at::Tensor a = bytes(3 * kMega);
  meter.reset();
  EXPECT_EQ(meter.current_bytes(), 0);
  EXPECT_EQ(meter.peak_bytes(), 0);
  bytes(kMega);
  EXPECT_EQ(meter.peak_bytes(), kMega);
}

TEST(MemoryMeter, TensorsOutliveTheirMeter) {
  const MemoryMeter outer;
  at::Tensor tensor;
  {
    const MemoryMeter meter;
    tensor = bytes(kMega);
  }
  EXPECT_EQ(outer.current_bytes(), kMega);
  tensor = at::Tensor();
  EXPECT_EQ(outer.current_bytes(), 0);
}

TEST(MemoryMeter, CountsTensorsThatOtherThreadsMakeAndFree) {
  const MemoryMeter meter;
  at::Tensor made;
  std::thread([&] { made = bytes(kMega); }).join();
  EXPECT_EQ(meter.current_bytes(), kMega);
  std::thread([given = std::move(made)]() mutable { given = at::Tensor(); }).join();
  EXPECT_EQ(meter.current_bytes(), 0);
}

TEST(MemoryMeter, KeepsCountUnderManyThreads) {
  constexpr int kThreads = 4;
  constexpr std::int64_t kSize = 1000;
  const MemoryMeter meter;
  std::atomic<int> holding{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 2000; ++i) {
          const MemoryMeter own;
          const at::Tensor a = bytes(kSize);
          const at::Tensor b = bytes(kSize);
          EXPECT_GE(own.peak_bytes(), 0);
        }
        // All hold their last tensor at once, so that the peak has a known lower bound.
        const at::Tensor last = bytes(kMega);
        ++holding;
        while (holding < kThreads) std::this_thread::yield();
      });
    }
  }
  EXPECT_EQ(meter.current_bytes(), 0);
  EXPECT_GE(meter.peak_bytes(), kThreads * kMega);
  EXPECT_LE(meter.peak_bytes(), kThreads * (kMega + 2 * kSize));
}

TEST(ResidentBytes, GrowWithMemoryThatIsTouched) {
  constexpr std::int64_t kSize = 64 << 20;
  const std::int64_t before = resident_bytes();
  EXPECT_GT(before, 1 << 20);
  const std::vector<char> touched(kSize, 1);
  EXPECT_GT(resident_bytes(), before + kSize / 2);
  EXPECT_GE(peak_resident_bytes(), resident_bytes() - kSize / 2);
}

}  // namespace
}  // namespace hadal
