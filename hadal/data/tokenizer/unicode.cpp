#include "hadal/data/tokenizer/unicode.h"

#include "hadal/core/error.h"
#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/regex.h"

#include <algorithm>
#include <array>
#include <vector>

#include <utf8proc.h>

namespace hadal::data {
namespace {

using CodePoints = std::vector<utf8proc_int32_t>;

/// utf8proc's own loop over a text sorts runs of marks in quadratic time; this one is ours.
CodePoints decompose(std::string_view text, bool compatible) {
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE |
                                                      (compatible ? UTF8PROC_COMPAT : 0));
  CodePoints code_points;
  code_points.reserve(text.size());
  // The longest decomposition is that of U+FDFA, 18 code points.
  std::array<utf8proc_int32_t, 32> parts;
  int boundary = 0;
  for (; !text.empty(); text.remove_prefix(utf8_length(text[0]))) {
    const auto count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(first_code_point(text)), parts.data(),
                                static_cast<utf8proc_ssize_t>(parts.size()), options, &boundary);
    if (count < 0 || count > static_cast<utf8proc_ssize_t>(parts.size())) {
      throw Error(concat("cannot normalize the text: ", utf8proc_errmsg(count)));
    }
    code_points.insert(code_points.end(), parts.begin(), parts.begin() + count);
  }
  return code_points;
}

int combining_class(utf8proc_int32_t code_point) {
  return utf8proc_get_property(code_point)->combining_class;
}

/// Puts each run of combining marks into canonical order.
void reorder_marks(CodePoints& code_points) {
  const auto is_starter = [](auto code_point) { return combining_class(code_point) == 0; };
  for (auto begin = code_points.begin(); begin != code_points.end();) {
    begin = std::find_if_not(begin, code_points.end(), is_starter);
    const auto end = std::find_if(begin, code_points.end(), is_starter);
    std::stable_sort(begin, end, [](auto left, auto right) {
      return combining_class(left) < combining_class(right);
    });
    begin = end;
  }
}

}  // namespace

std::string normalize(std::string_view text, NormalizationForm form) {
  const bool compatible = form == NormalizationForm::nfkc || form == NormalizationForm::nfkd;
  CodePoints code_points = decompose(text, compatible);
  reorder_marks(code_points);
  if (form == NormalizationForm::nfc || form == NormalizationForm::nfkc) {
    const auto count = utf8proc_normalize_utf32(
        code_points.data(), static_cast<utf8proc_ssize_t>(code_points.size()),
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    code_points.resize(static_cast<std::size_t>(count));
  }
  std::string normalized;
  normalized.reserve(text.size());
  for (const auto code_point : code_points) {
    append_utf8(normalized, static_cast<char32_t>(code_point));
  }
  return normalized;
}

std::string lowercase(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  for (; !text.empty(); text.remove_prefix(utf8_length(text[0]))) {
    const char32_t code_point = first_code_point(text);
    // The one character whose lower case is two: a capital I with a dot above.
    if (code_point == U'\u0130') {
      lower += "i\u0307";
    } else {
      append_utf8(lower, static_cast<char32_t>(
                             utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point))));
    }
  }
  return lower;
}

bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_word(char32_t code_point) {
  static const Regex word(R"([\w\x{200C}\x{200D}])");
  std::string text;
  append_utf8(text, code_point);
  return word.cut(text).front().match;
}

std::size_t leading_white_space(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_white_space(first_code_point(text.substr(end)))) {
    end += utf8_length(text[end]);
  }
  return end;
}

std::size_t trailing_white_space(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0) {
    std::size_t start = begin - 1;
    while ((static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    if (!is_white_space(first_code_point(text.substr(start)))) break;
    begin = start;
  }
  return text.size() - begin;
}

}  // namespace hadal::data
