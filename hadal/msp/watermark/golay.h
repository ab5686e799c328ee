#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <span>

namespace hadal::msp::watermark {

inline constexpr std::size_t kMessageBits = 256;
/// 22 words of the extended Golay code, of 12 bits each; the last has 8 bits that are 0.
inline constexpr std::size_t kCodeBits = 22 * 24;

using Message = std::bitset<kMessageBits>;
using CodeBits = std::bitset<kCodeBits>;

/// Encodes by the extended binary Golay code (Golay, 1949): 12 bits to 24 that differ in 8 or more
/// places from those of any other 12.
CodeBits encode(const Message& message);

/// The message whose code bits agree best with `soft`, one number for each, which is positive where
/// a bit seems to be 1: maximum likelihood under Gaussian noise, word by word.
Message decode(std::span<const double, kCodeBits> soft);

}  // namespace hadal::msp::watermark
