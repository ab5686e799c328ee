#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hadal::data {

/// A field of a message in protobuf's wire format
/// (https://protobuf.dev/programming-guides/encoding).
struct ProtobufField {
  std::uint64_t number;
  std::uint64_t value;     ///< of a varint or a fixed number, as its bits
  std::string_view bytes;  ///< of what has a length
};

/// Reads a message's fields one after another. `source` names the file in errors and must outlive
/// this.
class ProtobufReader {
 public:
  ProtobufReader(std::string_view message, const std::string& source)
      : message_(message), source_(source) {}

  /// The next field, or nothing at the end. Throws FormatError where the message is malformed.
  std::optional<ProtobufField> next();

 private:
  std::uint64_t varint();
  std::uint64_t fixed(std::size_t bytes);
  std::string_view take(std::uint64_t bytes);

  std::string_view message_;
  const std::string& source_;
};

}  // namespace hadal::data
