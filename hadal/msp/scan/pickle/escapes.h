#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hadal::msp::pickle {

/// What Python reads a line of the opcode STRING as: without its quotes, escapes resolved. Escapes
/// that it refuses are kept as they stand.
std::string unescape_string(std::string_view line);

/// The same for the opcode UNICODE, which has \uXXXX and \UXXXXXXXX alone; as UTF-8.
std::string unescape_unicode(std::string_view line);

/// UTF-8 `text` in Latin-1, or nothing where it has characters beyond. Protocols 0 to 2 store bytes
/// so.
std::optional<std::string> as_latin1(std::string_view text);

}  // namespace hadal::msp::pickle
