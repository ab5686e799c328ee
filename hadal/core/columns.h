#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hadal {

/// Columns that `text` takes on a terminal, counting each code point as one.
std::size_t columns_of(std::string_view text);
/// `text` padded with spaces, or cut with "..." in its middle (dots alone where nothing else fits),
/// to exactly `columns`.
std::string fit(std::string_view text, std::size_t columns);
/// `text` broken at spaces, and within words that are longer, into lines of at most `columns`, each
/// after `indent` spaces and with at least one character of `text`.
std::string wrap(std::string_view text, std::size_t indent, std::size_t columns);

}  // namespace hadal
