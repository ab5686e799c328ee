#include "hadal/core/markup.h"

#include <charconv>

namespace hadal {

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

std::string coordinate(double value) {
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 2);
  return end.ec == std::errc() ? std::string(buffer, end.ptr) : "0";
}

}  // namespace hadal
