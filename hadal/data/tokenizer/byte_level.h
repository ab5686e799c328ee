#pragma once

#include <string>
#include <string_view>

namespace hadal::data {

/// Spells bytes as characters the way GPT-2 does: printable bytes of Latin-1 as themselves, the
/// others as U+0100 and what follows, so that a vocabulary of texts can hold any bytes.
std::string to_byte_level(std::string_view bytes);

/// The bytes that `token` spells, or the token itself where it has a character that spells none.
std::string from_byte_level(std::string_view token);

}  // namespace hadal::data
