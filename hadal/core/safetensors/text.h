#pragma once

#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace hadal::safetensors {

/// `text` in double quotes, for a message: control characters are escaped, invalid UTF-8 replaced,
/// and what is longer than 120 bytes is cut, because names come from hostile files.
std::string quote(std::string_view text);

/// `text` as a JSON string. Throws InvalidArgument, naming `what`, where it is not UTF-8.
std::string json_string(std::string_view text, std::string_view what);

/// A shape as `[2, 3]`; the sizes after the eighth are left out.
std::string shape_text(std::span<const std::int64_t> shape);

/// The reason in an exception of the JSON parser, without its prefix, position and what it quotes
/// of the input.
std::string json_error_reason(const std::exception& error);

}  // namespace hadal::safetensors
