#pragma once

#include <string>
#include <string_view>

namespace hadal::data {

/// The normalization forms of Unicode Standard Annex 15.
enum class NormalizationForm { nfc, nfd, nfkc, nfkd };

/// `text`, which must be valid UTF-8, in a normalization form. Takes O(n log n), whatever the order
/// of the combining marks.
std::string normalize(std::string_view text, NormalizationForm form);

/// Each character's lower case, without regard to its neighbours or to a language.
std::string lowercase(std::string_view text);

/// Whether the code point has the property White_Space.
bool is_white_space(char32_t code_point);

/// Whether the code point is part of a word: Alphabetic, or of category M, Nd or Pc, or a joiner
/// (Unicode Technical Standard 18, `\w`).
bool is_word(char32_t code_point);

/// The bytes of white space at the start or the end of `text`.
std::size_t leading_white_space(std::string_view text);
std::size_t trailing_white_space(std::string_view text);

}  // namespace hadal::data
