#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hadal::msp {

/// An owner's secret, 256 bits. Who has it can find, and remove, the owner's watermarks.
struct WatermarkKey {
  std::array<std::uint8_t, 32> bytes{};
};

/// A new key from the system's random numbers.
WatermarkKey make_watermark_key();

/// Reads a key's file: 64 hexadecimal digits and perhaps a line's end. Throws IoError and
/// FormatError.
WatermarkKey read_watermark_key(const std::filesystem::path& path);

/// Writes it, readable by the owner of the file alone. Throws InvalidArgument where `path` exists,
/// as an overwritten key is lost for good, and IoError.
void write_watermark_key(const std::filesystem::path& path, const WatermarkKey& key);

namespace watermark {

/// Random bytes that follow from a key and a name: ChaCha20 (RFC 8439) with the key
/// HMAC-SHA-256(key, name). Who sees them learns nothing of the key or of another name's bytes.
class KeyStream {
 public:
  KeyStream(const WatermarkKey& key, std::string_view name);
  ~KeyStream();
  KeyStream(const KeyStream&) = delete;
  KeyStream& operator=(const KeyStream&) = delete;

  std::uint32_t next() {
    if (at_ == words_.size()) refill();
    return words_[at_++];
  }

 private:
  void refill();

  void* cipher_ = nullptr;
  std::array<std::uint32_t, 4096> words_{};
  std::size_t at_ = 4096;
};

}  // namespace watermark
}  // namespace hadal::msp
