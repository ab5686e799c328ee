#include "hadal/draf/chat/lexer.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/core/utf8.h"
#include "hadal/draf/chat/python_text.h"

#include <algorithm>
#include <array>

namespace hadal::draf::jinja {
namespace {

using Kind = Token::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Line ends are "\n", and one at the very end does not count.
std::string normalize_lines(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      text += '\n';
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalize_lines(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) read_text();
    add(Kind::end, "");
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return std::string_view(source_).substr(at_); }

  void add(Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  void advance(std::size_t count) {
    const std::string_view passed = rest().substr(0, count);
    line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
    if (!passed.empty()) at_line_start_ = passed.back() == '\n';
    at_ += passed.size();
  }

  /// Text before a tag, `sign` of which says what becomes of the white space between them.
  void add_text(std::string_view text, char sign, bool strips_indent) {
    const std::size_t size = text.size();
    if (sign == '-') {
      text.remove_suffix(trailing(text));
    } else if (sign != '+' && strips_indent) {
      const std::size_t newline = text.rfind('\n');
      const std::size_t begin = newline == text.npos ? 0 : newline + 1;
      const std::string_view indent = text.substr(begin);
      if ((begin > 0 || at_line_start_) && leading(indent) == indent.size()) {
        text = text.substr(0, begin);
      }
    }
    if (!text.empty()) add(Kind::text, std::string(text));
    advance(size);
  }

  /// Passes `-%}`, `+%}` or `%}` and the white space that goes with it.
  bool pass_end(std::string_view end, bool trims) {
    const std::string_view text = rest();
    if (text.starts_with(end)) {
      advance(end.size() + (trims && text.substr(end.size()).starts_with('\n') ? 1 : 0));
    } else if (text.starts_with('-') && text.substr(1).starts_with(end)) {
      advance(end.size() + 1);
      advance(leading(rest()));
    } else if (trims && text.starts_with('+') && text.substr(1).starts_with(end)) {
      advance(end.size() + 1);
    } else {
      return false;
    }
    return true;
  }

  void read_text() {
    const std::string_view text = rest();
    std::size_t open = text.find('{');
    const auto starts_tag = [&] {
      return open + 1 < text.size() && std::string_view("{%#").find(text[open + 1]) != text.npos;
    };
    while (open != text.npos && !starts_tag()) open = text.find('{', open + 1);
    if (open == text.npos) return add_text(text, '+', false);
    const char tag = text[open + 1];
    const char sign = sign_at(open + 2);
    add_text(text.substr(0, open), sign, tag != '{');
    const int line = line_;
    if (tag == '%' && pass_raw_tag("raw", false)) return read_raw(line);
    advance(sign == 0 ? 2 : 3);
    if (tag == '#') {
      const std::size_t close = rest().find("#}");
      if (close == text.npos) throw SyntaxError{"a comment has no end: expected '#}'", line};
      const char before = close > 0 ? rest()[close - 1] : ' ';
      advance(before == '-' || before == '+' ? close - 1 : close);
      pass_end("#}", true);
    } else {
      add(tag == '{' ? Kind::begin_print : Kind::begin_block, "");
      read_tag(tag == '{');
    }
  }

  char sign_at(std::size_t offset) const {
    const std::string_view text = rest();
    return offset < text.size() && (text[offset] == '-' || text[offset] == '+') ? text[offset] : 0;
  }

  /// Passes `{% raw %}` or `{% endraw %}` if it is here.
  bool pass_raw_tag(std::string_view word, bool trims) {
    std::string_view text = rest().substr(2);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    text.remove_prefix(leading(text));
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    text.remove_prefix(leading(text));
    // `{% raw +%}` is none to Jinja.
    const bool has_end =
        text.starts_with("%}") || text.starts_with("-%}") || (trims && text.starts_with("+%}"));
    if (!has_end) return false;
    advance(rest().size() - text.size());
    pass_end("%}", trims);
    return true;
  }

  void read_raw(int line) {
    for (std::size_t open = rest().find("{%"); open != std::string::npos;
         open = rest().find("{%", open + 1)) {
      const std::size_t before = at_;
      const int line_before = line_;
      const bool line_start_before = at_line_start_;
      const std::string_view text = rest().substr(0, open);
      const char sign = sign_at(open + 2);
      at_ += open;
      const bool ends = pass_raw_tag("endraw", true);
      const std::size_t after = at_;
      at_ = before;
      line_ = line_before;
      at_line_start_ = line_start_before;
      if (!ends) continue;
      add_text(text, sign, true);
      return advance(after - at_);
    }
    throw SyntaxError{"a raw block has no end: expected '{% endraw %}'", line};
  }

  void read_tag(bool is_print) {
    const int line = line_;
    std::string open;  // brackets, inside which `}}` ends nothing
    while (true) {
      advance(leading(rest()));
      if (at_ == source_.size()) {
        throw SyntaxError{concat("a tag has no end: expected '", is_print ? "}}" : "%}", "'"),
                          line};
      }
      const Token::Kind end = is_print ? Kind::end_print : Kind::end_block;
      const int end_line = line_;
      if (open.empty() && pass_end(is_print ? "}}" : "%}", !is_print)) {
        tokens_.push_back({end, "", end_line});
        return;
      }
      read_token(open);
    }
  }

  void read_token(std::string& open) {
    const char c = rest()[0];
    const bool after_dot =
        !tokens_.empty() && tokens_.back().text == "." && at_ > 0 && source_[at_ - 1] == '.';
    if (is_digit(c)) {
      read_number(after_dot);
    } else if (is_name_start(c)) {
      std::size_t size = 1;
      while (size < rest().size() && (is_name_start(rest()[size]) || is_digit(rest()[size])))
        ++size;
      add(Kind::name, std::string(rest().substr(0, size)));
      advance(size);
    } else if (c == '"' || c == '\'') {
      read_string(c);
    } else {
      read_symbol(open);
    }
  }

  std::size_t digits(std::size_t from) const {
    std::size_t end = from;
    const std::string_view text = rest();
    while (end < text.size() &&
           (is_digit(text[end]) ||
            (text[end] == '_' && end > from && end + 1 < text.size() && is_digit(text[end + 1])))) {
      ++end;
    }
    return end;
  }

  void read_number(bool after_dot) {
    const std::string_view text = rest();
    std::size_t end = digits(0);
    const auto at = [&](std::size_t i) { return i < text.size() ? text[i] : ' '; };
    bool is_float = false;
    if (!after_dot) {
      if (at(end) == '.' && is_digit(at(end + 1))) {
        is_float = true;
        end = digits(end + 1);
      }
      const std::size_t power = end + (at(end + 1) == '+' || at(end + 1) == '-' ? 2 : 1);
      if ((at(end) == 'e' || at(end) == 'E') && is_digit(at(power))) {
        is_float = true;
        end = digits(power);
      }
    }
    if (!is_float && end == 1 && text[0] == '0' &&
        std::string_view("xXoObB").find(at(1)) != text.npos) {
      throw SyntaxError{"integers of another base than 10 are not known", line_, true};
    }
    std::string value(text.substr(0, end));
    std::erase(value, '_');
    add(is_float ? Kind::number : Kind::integer, std::move(value));
    advance(end);
  }

  void read_string(char quote) {
    const std::string_view text = rest();
    std::size_t end = 1;
    while (end < text.size() && text[end] != quote) end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size()) throw SyntaxError{"a string has no end", line_};
    add(Kind::string, unescape(text.substr(1, end - 1), line_));
    advance(end + 1);
  }

  void read_symbol(std::string& open) {
    constexpr std::array<std::string_view, 26> kSymbols = {
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    const auto symbol = std::find_if(kSymbols.begin(), kSymbols.end(), [&](std::string_view text) {
      return rest().starts_with(text);
    });
    if (symbol == kSymbols.end()) {
      throw SyntaxError{"unexpected " + quote(rest().substr(0, utf8_length(rest()[0]))), line_};
    }
    const char c = (*symbol)[0];
    if (c == '(' || c == '[' || c == '{') open += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c)
        throw SyntaxError{concat("unexpected '", c, "'"), line_};
      open.pop_back();
    }
    add(Kind::symbol, std::string(*symbol));
    advance(symbol->size());
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool at_line_start_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace hadal::draf::jinja
