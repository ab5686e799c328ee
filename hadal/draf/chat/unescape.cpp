#include "hadal/core/utf8.h"
#include "hadal/draf/chat/lexer.h"

namespace hadal::draf::jinja {
namespace {

/// The value of a digit of base 16, or 16.
unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return 16;
}

/// Digits at `at`, which moves behind them.
char32_t read_digits(std::string_view text, std::size_t& at, std::size_t most, unsigned base) {
  char32_t value = 0;
  const std::size_t end = at + most;
  while (at < text.size() && at < end && digit_value(text[at]) < base) {
    value = value * base + digit_value(text[at++]);
  }
  return value;
}

char simple_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case '\\':
    case '\'':
    case '"':
      return c;
    default:
      return 0;
  }
}

}  // namespace

std::string unescape(std::string_view literal, int line) {
  std::string text;
  for (std::size_t at = 0; at < literal.size();) {
    const char c = literal[at++];
    if (c != '\\') {
      text += c;
      continue;
    }
    const char escape = literal[at++];  // there is one, or the string would go on
    const std::size_t length = escape == 'x' ? 2 : escape == 'u' ? 4 : escape == 'U' ? 8 : 0;
    if (const char simple = simple_escape(escape)) {
      text += simple;
    } else if (escape == '\n') {
      continue;
    } else if (escape >= '0' && escape <= '7') {
      --at;
      append_utf8(text, read_digits(literal, at, 3, 8));
    } else if (length > 0) {
      const std::size_t begin = at;
      const char32_t value = read_digits(literal, at, length, 16);
      const bool is_surrogate = value >= 0xD800 && value < 0xE000;
      if (at - begin != length || value > 0x10FFFF || is_surrogate) {
        throw SyntaxError{"a string has an escape that is no character", line};
      }
      append_utf8(text, value);
    } else if (escape == 'N') {
      throw SyntaxError{"characters by name (\\N) are not known", line, true};
    } else {
      text += {'\\', escape};
    }
  }
  return text;
}

}  // namespace hadal::draf::jinja
