#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace hadal {

/// Parses hostile `text` as one JSON value (RFC 8259) and refuses what parsers differ on: a key
/// that comes twice in an object, text that is not UTF-8, a NUL, a byte order mark, a number beyond
/// the range of double, and arrays and objects within each other to more than `max_depth` levels.
/// `place` says in errors where the text is from. Throws FormatError, naming the byte of the text
/// where the parser knows it.
nlohmann::json parse_strict_json(std::string_view text, const std::string& place,
                                 std::size_t max_depth);

/// The reason in an exception of the JSON parser, without its prefix, position and what it quotes
/// of the input.
std::string json_error_reason(const std::exception& error);

}  // namespace hadal
