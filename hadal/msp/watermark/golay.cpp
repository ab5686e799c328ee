#include "hadal/msp/watermark/golay.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

namespace hadal::msp::watermark {
namespace {

constexpr std::size_t kWords = 22, kWordBits = 12, kCodeWordBits = 24;

/// The code word of 12 bits: themselves, the 11 bits of the remainder by the generator
/// x^11 + x^10 + x^6 + x^5 + x^4 + x^2 + 1, and a bit that makes their number even.
constexpr std::uint32_t code_word(std::uint32_t data) {
  constexpr std::uint32_t kGenerator = 0b110001110101;
  std::uint32_t rest = data << 11;
  for (int bit = 22; bit >= 11; --bit) {
    if ((rest >> bit & 1) != 0) rest ^= kGenerator << (bit - 11);
  }
  const std::uint32_t word = data << 11 | rest;
  return word << 1 | static_cast<std::uint32_t>(std::popcount(word) & 1);
}

constexpr std::array<std::uint32_t, 1 << kWordBits> all_code_words() {
  std::array<std::uint32_t, 1 << kWordBits> words{};
  for (std::uint32_t data = 0; data < words.size(); ++data) words[data] = code_word(data);
  return words;
}

const std::array<std::uint32_t, 1 << kWordBits> kCode = all_code_words();

}  // namespace

CodeBits encode(const Message& message) {
  CodeBits code;
  for (std::size_t word = 0; word < kWords; ++word) {
    std::uint32_t data = 0;
    for (std::size_t i = 0; i < kWordBits; ++i) {
      const std::size_t bit = word * kWordBits + i;
      if (bit < kMessageBits && message[bit]) data |= 1U << i;
    }
    for (std::size_t i = 0; i < kCodeWordBits; ++i) {
      code[word * kCodeWordBits + i] = (kCode[data] >> i & 1) != 0;
    }
  }
  return code;
}

Message decode(std::span<const double, kCodeBits> soft) {
  Message message;
  for (std::size_t word = 0; word < kWords; ++word) {
    const std::size_t known = std::min(kWordBits, kMessageBits - word * kWordBits);
    std::uint32_t best = 0;
    double most = -std::numeric_limits<double>::infinity();
    for (std::uint32_t data = 0; data < 1U << known; ++data) {
      double agreement = 0;
      for (std::size_t i = 0; i < kCodeWordBits; ++i) {
        const double value = soft[word * kCodeWordBits + i];
        agreement += (kCode[data] >> i & 1) != 0 ? value : -value;
      }
      if (agreement > most) {
        most = agreement;
        best = data;
      }
    }
    for (std::size_t i = 0; i < known; ++i) message[word * kWordBits + i] = (best >> i & 1) != 0;
  }
  return message;
}

}  // namespace hadal::msp::watermark
