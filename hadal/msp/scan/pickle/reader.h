#pragma once

#include "hadal/msp/scan/pickle/opcode.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hadal::msp::pickle {

/// Thrown within the scan where bytes do not follow the format; what() has no place.
struct Malformed {
  std::string_view what;
};

/// Reads opcodes and their arguments. All methods but at(), size() and done() throw Malformed past
/// the end.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}

  std::size_t at() const { return at_; }
  std::size_t size() const { return text_.size(); }
  bool done() const { return at_ == text_.size(); }

  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
  /// A little-endian number of `bytes` bytes, at most 8.
  std::uint64_t number(int bytes);
  std::string_view take(std::uint64_t count);
  /// What stands up to the next line feed, which is passed.
  std::string_view line();
  /// A text after its length in `length_bytes` bytes.
  std::string_view counted(int length_bytes) { return take(number(length_bytes)); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// An opcode's argument as read.
struct Read {
  std::uint64_t number = 0;
  std::string_view text, second;
};

/// Throws Malformed where the data ends within it.
Read read_argument(Reader& reader, Argument argument);

}  // namespace hadal::msp::pickle
