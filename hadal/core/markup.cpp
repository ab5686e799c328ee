#include "hadal/core/markup.h"

#include "hadal/core/file.h"

#include <charconv>

namespace hadal {
namespace {

int digit_of(char hex) { return hex <= '9' ? hex - '0' : hex - 'a' + 10; }

}  // namespace

Markup& Markup::operator<<(std::string_view content) {
  for (const char c : content) {
    switch (c) {
      case '&':
        html_ += "&amp;";
        break;
      case '<':
        html_ += "&lt;";
        break;
      case '>':
        html_ += "&gt;";
        break;
      case '"':
        html_ += "&quot;";
        break;
      case '\'':
        html_ += "&#39;";
        break;
      case '\0':
        html_ += "\xef\xbf\xbd";  // HTML has no way to write a NUL
        break;
      default:
        html_ += c;
    }
  }
  return *this;
}

std::string policy_hash(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string hex = sha256(text);
  std::string base64;
  // Three hexadecimal digits are two of base64; 64 leave one over, which makes one more and a pad.
  for (std::size_t i = 0; i < hex.size(); i += 3) {
    int bits = 0;
    for (std::size_t k = i; k < i + 3; ++k) {
      bits = 16 * bits + (k < hex.size() ? digit_of(hex[k]) : 0);
    }
    base64 += kDigits[static_cast<std::size_t>(bits >> 6)];
    if (i + 1 < hex.size()) base64 += kDigits[static_cast<std::size_t>(bits & 63)];
  }
  return "sha256-" + base64 + '=';
}

std::string coordinate(double value) {
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 2);
  return end.ec == std::errc() ? std::string(buffer, end.ptr) : "0";
}

}  // namespace hadal
