#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace hadal::data {

/// Parses `text` as one JSON value (RFC 8259) and refuses what parsers differ on: a key that comes
/// twice in an object, text that is not UTF-8, a NUL, a byte order mark, nesting of more than 64
/// levels. `place` says in errors where the text is from. Throws FormatError, naming the byte of
/// the text.
nlohmann::json parse_strict_json(std::string_view text, const std::string& place);

}  // namespace hadal::data
