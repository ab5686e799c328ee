#include "hadal/data/tokenizer/regex_syntax.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/json_node.h"

#include <algorithm>
#include <array>
#include <vector>

namespace hadal::data {
namespace {

/// What `\w` stands for in Oniguruma; PCRE2's own differs between versions.
constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";

constexpr std::array<std::string_view, 36> kCategories = {
    "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N",  "Nd",
    "Nl", "No", "P",  "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S",  "Sm",
    "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp", "C",  "Cc", "Cf", "Co", "Cn"};

constexpr std::array<std::string_view, 16> kScripts = {
    "Arabic", "Armenian", "Bengali", "Common",   "Cyrillic", "Devanagari", "Georgian", "Greek",
    "Han",    "Hangul",   "Hebrew",  "Hiragana", "Katakana", "Latin",      "Tamil",    "Thai"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}
template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Translation {
 public:
  explicit Translation(std::string_view pattern) : pattern_(pattern) {}

  std::string run() {
    caseless_ = {false};
    while (!done()) element();
    if (caseless_.size() != 1) refuse("a group is not closed");
    return std::move(out_);
  }

 private:
  bool done() const { return at_ == pattern_.size(); }
  char peek() const { return done() ? '\0' : pattern_[at_]; }
  bool next_is(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }

  char take() {
    if (done()) refuse("it ends too early");
    return pattern_[at_++];
  }
  void copy(std::size_t count) {
    out_ += pattern_.substr(at_, count);
    at_ += count;
  }
  [[noreturn]] void refuse(const std::string& why) const {
    throw Unsupported(concat("cannot run the regular expression ", quote(pattern_), ": ", why,
                             " (near byte ", at_, ")"));
  }

  void element();
  void group();
  void quantifier();
  void interval();
  void char_class();
  void escape(bool in_class);
  void hexadecimal(std::string_view digits);
  void property(char kind);

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::string out_;
  /// For each open group whether case is ignored there.
  std::vector<bool> caseless_;
};

void Translation::element() {
  switch (peek()) {
    case '\\':
      escape(false);
      break;
    case '[':
      char_class();
      break;
    case '(':
      group();
      return;
    case ')':
      if (caseless_.size() == 1) refuse("a ) closes nothing");
      caseless_.pop_back();
      copy(1);
      break;
    case '|':
    case '^':
    case '$':
      copy(1);
      return;
    case '*':
    case '+':
    case '?':
      refuse("a quantifier follows nothing");
    default:
      copy(utf8_length(peek()));
  }
  quantifier();
}

void Translation::group() {
  constexpr std::array<std::string_view, 8> kOpenings = {
      "(?:", "(?i:", "(?>", "(?=", "(?!", "(?<=", "(?<!", "("};
  const bool caseless = caseless_.back() || next_is("(?i:");
  for (const std::string_view opening : kOpenings) {
    if (!next_is(opening)) continue;
    copy(opening.size());
    if (peek() == '?') refuse("this kind of group is not known");
    if (peek() == '*') refuse("a quantifier follows nothing");
    caseless_.push_back(caseless);
    return;
  }
}

void Translation::quantifier() {
  if (peek() == '{') {
    interval();
  } else if (peek() == '*' || peek() == '+' || peek() == '?') {
    copy(1);
    if (peek() == '?' || peek() == '+') copy(1);
  }
  if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{') {
    refuse("a quantifier follows a quantifier");
  }
}

/// `{n}`, `{n,}` or `{n,m}`; what follows it would be read differently by the two libraries.
void Translation::interval() {
  const std::size_t close = pattern_.find('}', at_);
  const std::string_view inner =
      close == pattern_.npos ? "" : pattern_.substr(at_ + 1, close - at_ - 1);
  const auto comma = inner.find(',');
  const auto number = [](std::string_view text) {
    return text.size() <= 4 && std::all_of(text.begin(), text.end(), is_digit);
  };
  const std::string_view low = inner.substr(0, comma);
  if (low.empty() || !number(low) || (comma != inner.npos && !number(inner.substr(comma + 1)))) {
    refuse("this { starts no interval");
  }
  copy(inner.size() + 2);
  if (peek() == '?' && comma != inner.npos) copy(1);
}

void Translation::char_class() {
  copy(1);
  if (peek() == '^') copy(1);
  if (peek() == ']') refuse("a class starts with ]");
  while (peek() != ']') {
    if (done()) refuse("a class is not closed");
    if (peek() == '[' || next_is("&&")) refuse("a class has a set operation");
    if (peek() == '\\') {
      escape(true);
    } else {
      copy(utf8_length(peek()));
    }
  }
  copy(1);
}

void Translation::escape(bool in_class) {
  take();
  const char kind = take();
  switch (kind) {
    case 's':
      out_ += R"(\p{White_Space})";
      return;
    case 'S':
      out_ += R"(\P{White_Space})";
      return;
    case 'd':
      out_ += R"(\p{Nd})";
      return;
    case 'D':
      out_ += R"(\P{Nd})";
      return;
    case 'w':
      out_ += in_class ? std::string(kWord) : concat("[", kWord, "]");
      return;
    case 'W':
      if (in_class) refuse("\\W stands in a class");
      out_ += concat("[^", kWord, "]");
      return;
    case 'p':
    case 'P':
      property(kind);
      return;
    case 'r':
    case 'n':
    case 't':
    case 'f':
      out_ += {'\\', kind};
      return;
    case 'v':
      out_ += R"(\x{0b})";
      return;
    case 'u':
      hexadecimal(pattern_.substr(at_, 4));
      at_ += 4;
      return;
    case 'x':
      if (peek() == '{') {
        const std::size_t close = std::min(pattern_.find('}', at_), pattern_.size());
        hexadecimal(pattern_.substr(at_ + 1, close - at_ - 1));
        at_ = close + 1;
      } else {
        hexadecimal(pattern_.substr(at_, 2));
        at_ += 2;
      }
      return;
    default:
      if (!is_punctuation(kind)) refuse(concat("the escape \\", kind, " is not known"));
      out_ += {'\\', kind};
  }
}

void Translation::hexadecimal(std::string_view digits) {
  if (digits.size() < 2 || digits.size() > 6 ||
      !std::all_of(digits.begin(), digits.end(), is_hex)) {
    refuse("an escape has no hexadecimal digits");
  }
  out_ += concat("\\x{", digits, "}");
}

void Translation::property(char kind) {
  const std::size_t close = pattern_.find('}', at_);
  if (peek() != '{' || close == pattern_.npos) refuse("a property has no {name}");
  const std::string_view name = pattern_.substr(at_ + 1, close - at_ - 1);
  const bool cased = name == "Lu" || name == "Ll" || name == "Lt";
  if (cased && caseless_.back()) refuse("a property of case stands where case is ignored");
  if (contains(kCategories, name)) {
    out_ += concat("\\", kind, "{", name, "}");
  } else if (contains(kScripts, name)) {
    out_ += concat("\\", kind, "{sc:", name, "}");
  } else {
    refuse(concat("the property ", quote(name), " is not known"));
  }
  at_ = close + 1;
}

}  // namespace

std::string to_pcre2_syntax(std::string_view pattern) { return Translation(pattern).run(); }

}  // namespace hadal::data
