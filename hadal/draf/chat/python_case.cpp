#include "hadal/core/utf8.h"
#include "hadal/draf/chat/python_text.h"

#include <algorithm>
#include <array>

#include <utf8proc.h>

namespace hadal::draf::jinja {
namespace {

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool is_cased(char32_t c) {
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL ||
         kind == UTF8PROC_CATEGORY_LT;
}

bool is_letter(char32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

char32_t simple(utf8proc_int32_t (*map)(utf8proc_int32_t), char32_t c) {
  return static_cast<char32_t>(map(static_cast<utf8proc_int32_t>(c)));
}

// The letters whose upper case is several (Unicode's SpecialCasing.txt) and which text holds: sharp
// s and the ligatures.
struct Special {
  char32_t letter;
  std::u32string_view upper;
  std::u32string_view title;
};
constexpr Special kSpecial[] = {
    {U'\u00DF', U"SS", U"Ss"},           {U'\u0149', U"\u02BCN", U"\u02BCN"},
    {U'\u01F0', U"J\u030C", U"J\u030C"}, {U'\uFB00', U"FF", U"Ff"},
    {U'\uFB01', U"FI", U"Fi"},           {U'\uFB02', U"FL", U"Fl"},
    {U'\uFB03', U"FFI", U"Ffi"},         {U'\uFB04', U"FFL", U"Ffl"},
    {U'\uFB05', U"ST", U"St"},           {U'\uFB06', U"ST", U"St"}};

void append_upper(std::u32string& text, char32_t c, bool as_title = false) {
  for (const Special& special : kSpecial) {
    if (special.letter == c) {
      text += as_title ? special.title : special.upper;
      return;
    }
  }
  text += simple(as_title ? utf8proc_totitle : utf8proc_toupper, c);
}

/// A capital sigma is written otherwise at the end of a word.
bool ends_word(const std::u32string& text, std::size_t at) {
  const auto skipped = [](char32_t c) {
    const auto kind = category(c);
    return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME ||
           kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_LM ||
           kind == UTF8PROC_CATEGORY_SK || c == U'\'' || c == U'.' || c == U':';
  };
  std::size_t before = at;
  while (before > 0 && skipped(text[before - 1])) --before;
  if (before == 0 || !is_cased(text[before - 1])) return false;
  std::size_t after = at + 1;
  while (after < text.size() && skipped(text[after])) ++after;
  return after == text.size() || !is_cased(text[after]);
}

void append_lower(std::u32string& lowered, const std::u32string& text, std::size_t at) {
  const char32_t c = text[at];
  if (c == U'\u03A3') {
    lowered += ends_word(text, at) ? U'\u03C2' : U'\u03C3';
  } else if (c == U'\u0130') {
    lowered += U"i\u0307";
  } else {
    lowered += simple(utf8proc_tolower, c);
  }
}

}  // namespace

std::string upper(std::string_view text) {
  std::u32string result;
  for (const char32_t c : code_points(text)) append_upper(result, c);
  return utf8(result);
}

std::string lower(std::string_view text) {
  const std::u32string points = code_points(text);
  std::u32string result;
  for (std::size_t i = 0; i < points.size(); ++i) append_lower(result, points, i);
  return utf8(result);
}

std::string title(std::string_view text) {
  const std::u32string points = code_points(text);
  std::u32string result;
  bool in_word = false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (in_word) {
      append_lower(result, points, i);
    } else {
      append_upper(result, points[i], true);
    }
    in_word = is_cased(points[i]);
  }
  return utf8(result);
}

std::string capitalize(std::string_view text) {
  const std::u32string points = code_points(text);
  std::u32string result;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i == 0) {
      append_upper(result, points[i], true);
    } else {
      append_lower(result, points, i);
    }
  }
  return utf8(result);
}

std::string swapcase(std::string_view text) {
  const std::u32string points = code_points(text);
  std::u32string result;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (category(points[i]) == UTF8PROC_CATEGORY_LU) {
      append_lower(result, points, i);
    } else {
      append_upper(result, points[i]);
    }
  }
  return utf8(result);
}

bool is_class(std::string_view text, std::string_view method) {
  const std::u32string points = code_points(text);
  const auto all = [&](const auto& is) {
    return !points.empty() && std::all_of(points.begin(), points.end(), is);
  };
  const auto is_digit = [](char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; };
  const auto is_number = [&](char32_t c) {
    return is_digit(c) || category(c) == UTF8PROC_CATEGORY_NL ||
           category(c) == UTF8PROC_CATEGORY_NO;
  };
  if (method == "isspace") return all(is_space);
  if (method == "isalpha") return all(is_letter);
  if (method == "isdecimal") return all(is_digit);
  if (method == "isdigit") return all(is_digit);
  if (method == "isnumeric") return all(is_number);
  if (method == "isalnum") return all([&](char32_t c) { return is_letter(c) || is_number(c); });
  if (method == "isascii") {
    return std::all_of(points.begin(), points.end(), [](char32_t c) { return c < 0x80; });
  }
  const auto any = [&](auto kind) {
    return std::any_of(points.begin(), points.end(),
                       [&](char32_t c) { return category(c) == kind; });
  };
  const bool has_upper = any(UTF8PROC_CATEGORY_LU);
  const bool has_lower = any(UTF8PROC_CATEGORY_LL);
  if (any(UTF8PROC_CATEGORY_LT)) return false;
  return method == "isupper" ? has_upper && !has_lower : has_lower && !has_upper;
}

}  // namespace hadal::draf::jinja
