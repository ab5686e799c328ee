#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Python's `str`: a sequence of code points, whatever the bytes. All text is valid UTF-8.
namespace hadal::draf::jinja {

std::u32string code_points(std::string_view text);
std::string utf8(std::u32string_view text);
std::int64_t count_code_points(std::string_view text);

/// str.isspace() of one character.
bool is_space(char32_t character);

/// Bytes of the space, or of the characters of `which`, that `text` starts or ends with.
std::size_t leading(std::string_view text, const std::optional<std::string>& which = {});
std::size_t trailing(std::string_view text, const std::optional<std::string>& which = {});
std::string_view strip(std::string_view text, const std::optional<std::string>& which = {});

std::string upper(std::string_view text);
std::string lower(std::string_view text);
/// str.title() where a word starts after what is no letter.
std::string title(std::string_view text);
std::string capitalize(std::string_view text);
std::string swapcase(std::string_view text);

/// str.isalpha() and its kin, by their name: all characters are so and there is one.
bool is_class(std::string_view text, std::string_view method);

/// str.split() and str.rsplit(); without a separator at runs of space. `most` below 0 is no bound.
std::vector<std::string> split(std::string_view text, const std::optional<std::string>& separator,
                               std::int64_t most);
std::vector<std::string> split_right(std::string_view text,
                                     const std::optional<std::string>& separator,
                                     std::int64_t most);
std::vector<std::string> split_lines(std::string_view text, bool keep_ends = false);

/// str.replace(). `most` below 0 is no bound; `longest` bounds the result, Failure beyond.
std::string replace(std::string_view text, std::string_view old, std::string_view with,
                    std::int64_t most, std::size_t longest);

/// "&", "<", ">", quotes as HTML's entities, as markupsafe writes them.
std::string escape_html(std::string_view text);

}  // namespace hadal::draf::jinja
