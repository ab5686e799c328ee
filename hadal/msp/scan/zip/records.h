#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hadal::msp::zip {

inline constexpr std::uint32_t kLocalHeader = 0x04034b50;
inline constexpr std::uint32_t kCentralHeader = 0x02014b50;
inline constexpr std::uint32_t kEnd = 0x06054b50;
inline constexpr std::uint32_t kEnd64 = 0x06064b50;
inline constexpr std::uint32_t kLocator64 = 0x07064b50;
inline constexpr std::size_t kLocalSize = 30;
inline constexpr std::size_t kCentralSize = 46;
inline constexpr std::size_t kEndSize = 22;
inline constexpr std::size_t kEnd64Size = 56;
inline constexpr std::size_t kLocatorSize = 20;

/// A file's bytes, of which any place may be asked for: past the end there are zeros.
class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::uint64_t size() const { return bytes_.size(); }
  bool holds(std::uint64_t at, std::uint64_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }
  /// A little-endian number of `count` bytes, at most 8.
  std::uint64_t number(std::uint64_t at, int count) const {
    std::uint64_t value = 0;
    for (int i = count; i-- > 0;) {
      const std::uint64_t place = at + static_cast<std::uint64_t>(i);
      value = value << 8 | (holds(place, 1) ? std::to_integer<std::uint64_t>(bytes_[place]) : 0);
    }
    return value;
  }
  std::uint16_t half(std::uint64_t at) const { return static_cast<std::uint16_t>(number(at, 2)); }
  std::uint32_t word(std::uint64_t at) const { return static_cast<std::uint32_t>(number(at, 4)); }
  /// Empty where the file does not hold it all.
  std::string_view text(std::uint64_t at, std::uint64_t count) const {
    if (!holds(at, count)) return {};
    return {reinterpret_cast<const char*>(bytes_.data()) + at, static_cast<std::size_t>(count)};
  }

 private:
  std::span<const std::byte> bytes_;
};

/// Sizes and place that a zip64 extra field gives in place of those that are 2^32 - 1.
struct Sizes {
  std::uint64_t unpacked = 0;
  std::uint64_t packed = 0;
  std::uint64_t header_at = 0;
};
void apply_zip64(const Bytes& file, std::uint64_t extra_at, std::uint64_t extra_size, Sizes& sizes);

}  // namespace hadal::msp::zip
