#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hadal::draf::jinja {

struct Token {
  enum class Kind {
    text,         ///< outside of tags, as it is printed
    begin_print,  ///< {{
    end_print,
    begin_block,  ///< {%
    end_block,
    name,
    string,   ///< its value
    integer,  ///< digits without "_"
    number,   ///< a float, likewise
    symbol,   ///< "+", "**", "=="
    end,      ///< of the template
  };
  Kind kind;
  std::string text;
  int line;
};

/// Where and why a template is not what is expected.
struct SyntaxError {
  std::string text;
  int line;
  bool unsupported = false;  ///< Jinja, but outside of the part that is known
};

/// The tokens of a template, which must be UTF-8, with the white space taken away that
/// trim_blocks, lstrip_blocks and the signs in tags (`{%-`) take. Throws SyntaxError.
std::vector<Token> tokenize(std::string_view source);

/// The value of a string literal, given what is between its quotes. Python's escapes.
std::string unescape(std::string_view literal, int line);

}  // namespace hadal::draf::jinja
