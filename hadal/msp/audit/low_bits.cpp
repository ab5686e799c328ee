#include "hadal/msp/audit/low_bits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace hadal::msp {
namespace {

constexpr std::size_t kFewest = 4096;
/// Whether words are mostly different is told by this many.
constexpr std::size_t kSample = 1 << 20;

bool mostly_different(std::span<const std::uint32_t> words) {
  std::vector<std::uint32_t> sorted(
      words.begin(), words.begin() + static_cast<std::ptrdiff_t>(std::min(words.size(), kSample)));
  std::ranges::sort(sorted);
  const auto rest = std::ranges::unique(sorted);
  return 2 * (sorted.size() - rest.size()) > sorted.size();
}

/// Counts letters in a row as bytes come.
class Run {
 public:
  void add(std::uint8_t byte) {
    const bool is_letter = (byte >= 0x20 && byte < 0x7F) || byte == '\n' || byte == '\t';
    run_ = is_letter ? run_ + 1 : 0;
    longest_ = std::max(longest_, run_);
  }
  std::int64_t longest() const { return longest_; }

 private:
  std::int64_t run_ = 0, longest_ = 0;
};

std::int64_t longest_text(std::span<const std::uint32_t> words, int bits) {
  const std::uint32_t mask = (1U << bits) - 1;
  Run high_first, low_first;
  std::uint32_t high = 0, low = 0;
  int filled = 0;
  for (const std::uint32_t word : words) {
    high = high << bits | (word & mask);
    low |= (word & mask) << filled;
    filled += bits;
    if (filled < 8) continue;
    high_first.add(static_cast<std::uint8_t>(high));
    low_first.add(static_cast<std::uint8_t>(low));
    high = low = 0;
    filled = 0;
  }
  return std::max(high_first.longest(), low_first.longest());
}

}  // namespace

double low_byte_entropy(std::span<const std::uint32_t> words) {
  if (words.size() < kFewest) return -1;
  std::array<std::size_t, 256> counts{};
  for (const std::uint32_t word : words) ++counts[word & 0xFF];
  if (2 * counts[0] >= words.size() || !mostly_different(words)) return -1;
  const double n = static_cast<double>(words.size());
  double entropy = 0, used = 0;
  for (const std::size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / n;
    entropy -= share * std::log2(share);
    ++used;
  }
  return std::min(8.0, entropy + (used - 1) / (2 * n * std::log(2.0)));
}

std::int64_t longest_low_text(std::span<const std::uint32_t> words) {
  std::int64_t longest = 0;
  for (const int bits : {1, 2, 4, 8}) longest = std::max(longest, longest_text(words, bits));
  return longest;
}

}  // namespace hadal::msp
