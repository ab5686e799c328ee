#include "hadal/data/tokenizer/byte_level.h"

#include "hadal/core/utf8.h"

#include <array>

namespace hadal::data {
namespace {

constexpr char32_t kUnused = 0x100;
/// One past the last character of the alphabet: 68 bytes are not printable.
constexpr char32_t kEnd = 0x100 + 68;

constexpr bool is_printable(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
  std::array<char32_t, 256> character_of{};
  /// kUnused where the code point is not in the alphabet.
  std::array<char32_t, kEnd> byte_of{};
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.byte_of.fill(kUnused);
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t character = is_printable(byte) ? byte : next++;
    alphabet.character_of[byte] = character;
    alphabet.byte_of[character] = byte;
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::string to_byte_level(std::string_view bytes) {
  std::string token;
  token.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    append_utf8(token, kAlphabet.character_of[static_cast<unsigned char>(byte)]);
  }
  return token;
}

std::string from_byte_level(std::string_view token) {
  std::string bytes;
  bytes.reserve(token.size());
  for (std::string_view rest = token; !rest.empty(); rest.remove_prefix(utf8_length(rest[0]))) {
    const char32_t character = first_code_point(rest);
    const char32_t byte = character < kEnd ? kAlphabet.byte_of[character] : kUnused;
    if (byte == kUnused) return std::string(token);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

}  // namespace hadal::data
