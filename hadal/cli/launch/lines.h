#pragma once

#include <cstdio>
#include <deque>
#include <string>

namespace hadal::cli {

/// Passes what a rank writes on, a line at a time with the rank before it.
class Lines {
 public:
  /// Writes to `target`, and keeps the last lines in `last`.
  Lines(std::string prefix, std::FILE* target, std::deque<std::string>& last)
      : prefix_(std::move(prefix)), target_(target), last_(last) {}

  /// Reads what the non-blocking `descriptor` has. Returns false at its end.
  bool read(int descriptor);
  /// Writes the rest that has no end of line.
  void finish();

 private:
  void write(const std::string& line);

  std::string prefix_;
  std::FILE* target_;
  std::deque<std::string>& last_;
  std::string rest_;
};

inline constexpr std::size_t kLastLines = 5;

}  // namespace hadal::cli
