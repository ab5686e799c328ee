#include "hadal/bench/cases/memory_speed.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include <ATen/Parallel.h>

namespace hadal::bench {

double seconds_of(const std::function<void()>& run) {
  double least = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    least = std::min(least, taken.count());
  }
  return least;
}

void read_all(const at::Tensor& tensor) {
  typedef std::uint64_t Pair __attribute__((vector_size(16)));
  constexpr std::int64_t kPairs = 8;
  const auto* data = static_cast<const char*>(tensor.const_data_ptr());
  constexpr std::int64_t kChunk = kPairs * static_cast<std::int64_t>(sizeof(Pair));
  std::atomic<std::uint64_t> all{0};
  at::parallel_for(0, static_cast<std::int64_t>(tensor.nbytes()) / kChunk, 1,
                   [&](auto begin, auto end) {
                     Pair sums[kPairs] = {};
                     for (auto i = begin; i < end; ++i) {
#pragma GCC unroll 8
                       for (std::int64_t j = 0; j < kPairs; ++j) {
                         Pair pair;
                         std::memcpy(&pair, data + i * kChunk + j * 16, sizeof pair);
                         sums[j] += pair;
                       }
                     }
                     for (const Pair& sum : sums) all += sum[0] + sum[1];
                   });
}

}  // namespace hadal::bench
