#include "hadal/draf/chat/python_text.h"

#include "hadal/core/utf8.h"
#include "hadal/draf/chat/value.h"

#include <algorithm>

namespace hadal::draf::jinja {
namespace {

/// The last character's bytes.
std::string_view last_character(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while ((static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return text.substr(begin);
}

bool matches(std::string_view character, const std::optional<std::string>& which) {
  return which ? which->find(character) != std::string::npos
               : is_space(first_code_point(character));
}

bool is_line_end(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

}  // namespace

std::u32string code_points(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); at += utf8_length(text[at])) {
    points += first_code_point(text.substr(at));
  }
  return points;
}

std::string utf8(std::u32string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (const char32_t point : text) append_utf8(bytes, point);
  return bytes;
}

std::int64_t count_code_points(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

std::size_t leading(std::string_view text, const std::optional<std::string>& which) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view character = text.substr(at, utf8_length(text[at]));
    if (!matches(character, which)) break;
    at += character.size();
  }
  return at;
}

std::size_t trailing(std::string_view text, const std::optional<std::string>& which) {
  const std::size_t size = text.size();
  while (!text.empty()) {
    const std::string_view character = last_character(text);
    if (!matches(character, which)) break;
    text.remove_suffix(character.size());
  }
  return size - text.size();
}

std::string_view strip(std::string_view text, const std::optional<std::string>& which) {
  text.remove_prefix(leading(text, which));
  text.remove_suffix(trailing(text, which));
  return text;
}

std::vector<std::string> split(std::string_view text, const std::optional<std::string>& separator,
                               std::int64_t most) {
  std::vector<std::string> parts;
  const auto may_split = [&] { return most < 0 || static_cast<std::int64_t>(parts.size()) < most; };
  if (separator) {
    for (std::size_t end; may_split() && (end = text.find(*separator)) != text.npos;) {
      parts.emplace_back(text.substr(0, end));
      text.remove_prefix(end + separator->size());
    }
    parts.emplace_back(text);
    return parts;
  }
  for (text.remove_prefix(leading(text)); !text.empty(); text.remove_prefix(leading(text))) {
    std::size_t end = 0;
    while (end < text.size() && !is_space(first_code_point(text.substr(end)))) {
      end += utf8_length(text[end]);
    }
    if (!may_split()) end = text.size();
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

std::vector<std::string> split_right(std::string_view text,
                                     const std::optional<std::string>& separator,
                                     std::int64_t most) {
  std::vector<std::string> parts;
  const auto may_split = [&] { return most < 0 || static_cast<std::int64_t>(parts.size()) < most; };
  if (separator) {
    for (std::size_t at; may_split() && (at = text.rfind(*separator)) != text.npos;) {
      parts.emplace_back(text.substr(at + separator->size()));
      text = text.substr(0, at);
    }
    parts.emplace_back(text);
  } else {
    for (text.remove_suffix(trailing(text)); !text.empty(); text.remove_suffix(trailing(text))) {
      std::size_t begin = text.size();
      while (begin > 0) {
        const std::string_view character = last_character(text.substr(0, begin));
        if (is_space(first_code_point(character))) break;
        begin -= character.size();
      }
      if (!may_split()) begin = 0;
      parts.emplace_back(text.substr(begin));
      text = text.substr(0, begin);
    }
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text[at]);
    if (!is_line_end(first_code_point(text.substr(at)))) {
      at += length;
      continue;
    }
    const std::size_t end = at + (text.substr(at, 2) == "\r\n" ? 2 : length);
    lines.emplace_back(text.substr(0, keep_ends ? end : at));
    text.remove_prefix(end);
    at = 0;
  }
  if (!text.empty()) lines.emplace_back(text);
  return lines;
}

std::string replace(std::string_view text, std::string_view old, std::string_view with,
                    std::int64_t most, std::size_t longest) {
  std::string result;
  const auto append = [&](std::string_view part) {
    result += part;
    if (result.size() > longest) throw Failure{"the template makes too much text"};
  };
  while (most != 0) {
    const std::size_t at = text.find(old);
    if (at == text.npos) break;
    append(text.substr(0, at));
    append(with);
    text.remove_prefix(at + old.size());
    if (most > 0) --most;
    if (old.empty()) {
      if (text.empty()) return result;
      const std::size_t length = utf8_length(text[0]);
      append(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  append(text);
  return result;
}

std::string escape_html(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    switch (byte) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '\'':
        result += "&#39;";
        break;
      case '"':
        result += "&#34;";
        break;
      default:
        result += byte;
    }
  }
  return result;
}

}  // namespace hadal::draf::jinja
