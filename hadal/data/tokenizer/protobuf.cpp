#include "hadal/data/tokenizer/protobuf.h"

#include "hadal/core/error.h"

namespace hadal::data {

std::string_view ProtobufReader::take(std::uint64_t bytes) {
  if (bytes > message_.size()) {
    throw FormatError(
        concat(source_, ": a field has ", bytes, " bytes, but ", message_.size(), " follow it"),
        "copy the file again, whole; expected a SentencePiece model");
  }
  const std::string_view taken = message_.substr(0, bytes);
  message_.remove_prefix(bytes);
  return taken;
}

std::uint64_t ProtobufReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  throw FormatError(concat(source_, ": a number has more than 10 bytes"));
}

std::uint64_t ProtobufReader::fixed(std::size_t bytes) {
  std::uint64_t value = 0;
  int shift = 0;
  for (const char byte : take(bytes)) {
    value |= std::uint64_t{static_cast<unsigned char>(byte)} << shift;
    shift += 8;
  }
  return value;
}

std::optional<ProtobufField> ProtobufReader::next() {
  if (message_.empty()) return std::nullopt;
  const std::uint64_t key = varint();
  const std::uint64_t number = key >> 3;
  switch (key & 7U) {
    case 0:
      return ProtobufField{number, varint(), {}};
    case 1:
      return ProtobufField{number, fixed(8), {}};
    case 2:
      return ProtobufField{number, 0, take(varint())};
    case 5:
      return ProtobufField{number, fixed(4), {}};
    default:
      throw FormatError(concat(source_, ": field ", number, " is of the unknown type ", key & 7U),
                        "expected a SentencePiece model");
  }
}

}  // namespace hadal::data
