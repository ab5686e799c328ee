#include "hadal/bench/report/markup.h"

namespace hadal::bench {

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

}  // namespace hadal::bench
