#pragma once

#include <cstdint>
#include <span>

namespace hadal::msp {

/// Entropy in bits of the lowest byte of each word, with the correction of Miller and Madow (1955)
/// for the sample's size; -1 where words are fewer than 4096, half of them or more are repetitions,
/// or half of the bytes or more are 0, because rounded numbers have no random low bits.
double low_byte_entropy(std::span<const std::uint32_t> words);

/// The most printable letters of ASCII in a row that the lowest 1, 2, 4 or 8 bits of the words
/// spell, one after the other, the first being the highest or the lowest of a byte. Of a random
/// sequence of n bytes, a run of k has a chance of about n * 0.38^k.
std::int64_t longest_low_text(std::span<const std::uint32_t> words);

}  // namespace hadal::msp
