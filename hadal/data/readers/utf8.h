#pragma once

#include <string_view>

namespace hadal::data {

/// The place of the first byte of `text` that does not belong to a UTF-8 sequence (RFC 3629: no
/// overlong forms, no surrogates), or npos.
std::size_t find_invalid_utf8(std::string_view text);

/// The byte order mark that some editors put before UTF-8 text.
inline constexpr std::string_view kUtf8Bom = "\xEF\xBB\xBF";

}  // namespace hadal::data
