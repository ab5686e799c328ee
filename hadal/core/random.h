#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace hadal {

/// Random numbers that are the same on every platform and standard library: xoshiro256** (Blackman
/// and Vigna, 2018) seeded by SplitMix64, with distributions of our own, because the standard ones
/// differ between libraries.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  /// An independent stream for the part of a program that `name` and `index` name, so that a new
  /// consumer of random numbers does not shift those of another.
  Random(std::uint64_t seed, std::string_view name, std::uint64_t index = 0);

  /// Uniform over all 64-bit values.
  std::uint64_t next();
  /// Uniform in [0, bound), without bias. `bound` 0 gives 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [low, high]. Throws InvalidArgument where `low` is above `high`.
  std::int64_t between(std::int64_t low, std::int64_t high);
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in [low, high), but for rounding, which may give `high`.
  double uniform(double low, double high);
  /// Normal with mean 0 and variance 1 (Marsaglia's polar method). Two mathematics libraries may
  /// differ in its last bit.
  double normal();

  /// Fisher-Yates shuffle of a random-access container.
  template <class Container>
  void shuffle(Container& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

/// Seeds ATen's own generators; Random objects take their seed themselves.
void seed_aten(std::uint64_t seed);

}  // namespace hadal
