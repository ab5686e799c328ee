#include "hadal/msp/scan/pickle/escapes.h"

#include "hadal/core/utf8.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace hadal::msp::pickle {
namespace {

/// The number of `digits` digits of `base` that `text` has from `at`, at most.
std::optional<std::uint32_t> digits_at(std::string_view text, std::size_t at, std::size_t least,
                                       std::size_t most, int base, std::size_t& used) {
  const std::string_view part = text.substr(std::min(at, text.size()), most);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value, base);
  used = static_cast<std::size_t>(end - part.data());
  if (error != std::errc() || used < least) return std::nullopt;
  return value;
}

char plain_escape(char c) {
  constexpr std::string_view kFrom = "abfnrtv\\'\"";
  constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\'\"";
  const std::size_t found = kFrom.find(c);
  return found == kFrom.npos ? '\0' : kTo[found];
}

}  // namespace

std::string unescape_string(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  if (line.size() >= 2 && line.front() == line.back() && (line[0] == '"' || line[0] == '\'')) {
    line = line.substr(1, line.size() - 2);
  }
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      text += line[i];
      continue;
    }
    std::size_t used = 0;
    if (const char plain = plain_escape(line[i + 1])) {
      text += plain;
      ++i;
    } else if (const auto octal = digits_at(line, i + 1, 1, 3, 8, used)) {
      text += static_cast<char>(*octal);
      i += used;
    } else if (line[i + 1] == 'x' && digits_at(line, i + 2, 2, 2, 16, used)) {
      text += static_cast<char>(*digits_at(line, i + 2, 2, 2, 16, used));
      i += 3;
    } else {
      text += line[i];
    }
  }
  return text;
}

std::string unescape_unicode(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char kind = i + 1 < line.size() && line[i] == '\\' ? line[i + 1] : '\0';
    const std::size_t count = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    std::size_t used = 0;
    const auto code = count == 0 ? std::nullopt : digits_at(line, i + 2, count, count, 16, used);
    if (code && *code <= 0x10FFFF) {
      append_utf8(text, *code);
      i += 1 + count;
    } else {
      text += line[i];
    }
  }
  return text;
}

std::optional<std::string> as_latin1(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      bytes += text[i];
    } else if ((lead == 0xC2 || lead == 0xC3) && i + 1 < text.size()) {
      bytes += static_cast<char>((lead & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

}  // namespace hadal::msp::pickle
