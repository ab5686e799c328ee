#include "hadal/core/utf8.h"

namespace hadal {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Character {
  /// Bytes of the whole character, or of its longest valid beginning, at least 1.
  std::size_t length;
  bool valid;
};

/// The second byte's range is narrower after some lead bytes (table 3-7 of the standard).
bool continues(unsigned char lead, std::size_t index, unsigned char byte) {
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (index == 1) {
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  return byte >= low && byte <= high;
}

Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = utf8_length(text[0]);
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size() || !continues(lead, i, static_cast<unsigned char>(text[i]))) {
      return {i, false};
    }
  }
  return {length, true};
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Character character = first_character(text.substr(at));
    if (!character.valid) return at;
    at += character.length;
  }
  return std::nullopt;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    valid += character.valid ? text.substr(0, character.length) : kReplacement;
    text.remove_prefix(character.length);
  }
  return valid;
}

char32_t first_code_point(std::string_view text) {
  const std::size_t length = utf8_length(text[0]);
  const auto lead = static_cast<unsigned char>(text[0]);
  char32_t code_point = length == 1 ? lead : lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    code_point = (code_point << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  return code_point;
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto continuation = [&](int shift) {
    text += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xC0 | (code_point >> 6));
    continuation(0);
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xE0 | (code_point >> 12));
    continuation(6);
    continuation(0);
  } else {
    text += static_cast<char>(0xF0 | (code_point >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

}  // namespace hadal
