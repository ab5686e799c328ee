#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// `text` with every control character, those that reorder text included, replaced by a space, so
/// that it cannot steer the terminal that it is printed on.
std::string printable(std::string_view text);

/// `text` in double quotes, for a message: escaped as in JSON, and so is every character that
/// printable() replaces; invalid UTF-8 replaced; and what is longer than 120 bytes cut, because
/// names come from hostile files.
std::string quote(std::string_view text);

/// The texts with ", " between them.
std::string join(const std::vector<std::string>& texts);

/// A shape as `[2, 3]`; the sizes after the eighth are left out.
std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace hadal
