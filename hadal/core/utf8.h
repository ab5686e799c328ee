#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hadal {

/// Where the first byte stands that is not part of valid UTF-8 (no surrogates, nothing overlong,
/// nothing above U+10FFFF), if there is one.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// `text` with each maximal part of a character that is not valid UTF-8 replaced by U+FFFD, as the
/// Unicode standard recommends (section 3.9) and Rust and Python do.
std::string replace_invalid_utf8(std::string_view text);

/// Bytes of the character that starts with `lead`, which must start one.
constexpr std::size_t utf8_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// The first character of `text`, which must be valid and not empty.
char32_t first_code_point(std::string_view text);

void append_utf8(std::string& text, char32_t code_point);

/// The byte order mark that some editors put before UTF-8 text.
inline constexpr std::string_view kUtf8Bom = "\xEF\xBB\xBF";

}  // namespace hadal
