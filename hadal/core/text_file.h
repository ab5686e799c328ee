#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace hadal {

/// The content of a small file that the system writes, or nothing where it cannot be read.
std::string text_or_empty(const std::filesystem::path& path);
/// What follows `key`, white space and `separator` on its line, without white space around it;
/// empty where no line has it.
std::string_view field(std::string_view text, std::string_view key, char separator);
/// The non-negative decimal integer that `text` begins with.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace hadal
