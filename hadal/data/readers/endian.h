#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace hadal::data {

/// The number whose bytes start at `bytes`, in the byte order `Order`.
template <class Number, std::endian Order>
Number load(const std::byte* bytes) {
  std::array<std::byte, sizeof(Number)> own{};
  std::memcpy(own.data(), bytes, own.size());
  if constexpr (Order != std::endian::native) std::reverse(own.begin(), own.end());
  return std::bit_cast<Number>(own);
}

}  // namespace hadal::data
