#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace hadal {

/// HTML under construction. A string literal is markup and is taken as it is; every other text is
/// content and is escaped, for element content and quoted attribute values alike. So what a report
/// says can never become markup.
class Markup {
 public:
  template <std::size_t size>
  Markup& operator<<(const char (&literal)[size]) {
    html_.append(literal, size - 1);
    return *this;
  }
  Markup& operator<<(std::string_view content);
  Markup& operator<<(const std::string& content) { return *this << std::string_view(content); }
  template <std::integral Integer>
  Markup& operator<<(Integer number) {
    html_ += std::to_string(number);
    return *this;
  }
  Markup& operator<<(const Markup& part) {
    html_ += part.html_;
    return *this;
  }
  /// Appends text that the program itself holds, such as its style sheet.
  Markup& append_trusted(std::string_view html) {
    html_ += html;
    return *this;
  }
  const std::string& html() const { return html_; }

 private:
  std::string html_;
};

/// `bytes` in base64 (RFC 4648), padded.
std::string base64(std::string_view bytes);

/// SHA-256 of `text` in base64, as a content security policy names an inline style or script.
std::string policy_hash(std::string_view text);

/// A number of an SVG: two decimals, whatever the locale.
std::string coordinate(double value);

}  // namespace hadal
