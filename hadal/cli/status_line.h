#pragma once

#include <string>

namespace hadal::cli {

/// The last line of standard error: drawn over and over on a terminal, with plain lines above it.
class StatusLine {
 public:
  /// `terminal`: whether to draw.
  explicit StatusLine(bool terminal) : terminal_(terminal) {}
  /// Leaves the terminal's line empty.
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  bool is_terminal() const { return terminal_; }
  /// Shows `text`, cut to the terminal's width, in place of what was shown; nothing elsewhere.
  void draw(const std::string& text);
  /// Prints a line that stays.
  void print(const std::string& text);

 private:
  bool terminal_;
};

}  // namespace hadal::cli
