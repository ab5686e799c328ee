#pragma once

#include <string>
#include <string_view>

namespace hadal::data {

/// Rewrites a pattern of Oniguruma, the library that the reference implementation matches with,
/// into one that PCRE2 (options UTF, UCP, MULTILINE) matches the same way. Taken are
///
/// - literals, `.`, `^`, `$`, `|`, classes without set operations, greedy, lazy and possessive
///   quantifiers, groups `(...)`, `(?:...)`, `(?i:...)`, `(?>...)`, and the look-arounds
/// - the escapes \s \S \d \D \w \W \p{...} \P{...} \r \n \t \f \v \xHH \x{H...} \uHHHH, and any
///   escaped punctuation
///
/// where \p names a general category, or a script by its full name. Anything else means different
/// things to the two libraries, or nothing to one, and throws Unsupported with the pattern's text.
std::string to_pcre2_syntax(std::string_view pattern);

}  // namespace hadal::data
