#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hadal::data {

/// The sentences of a text whose words and marks are parted by white space, as lists of these. A
/// sentence ends with one or more of `.`, `!` and `?`, and the closing brackets and quotation marks
/// that follow; `'` and `"` close where the sentence has opened them.
std::vector<std::vector<std::string>> split_sentences(std::string_view text);

}  // namespace hadal::data
