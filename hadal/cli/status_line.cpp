#include "hadal/cli/status_line.h"

#include "hadal/core/columns.h"
#include "hadal/core/text.h"

#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

namespace hadal::cli {
namespace {

constexpr const char* kEraseLine = "\r\x1b[K";

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

}  // namespace

StatusLine::~StatusLine() {
  if (terminal_) std::fputs(kEraseLine, stderr);
}

void StatusLine::draw(const std::string& text) {
  if (!terminal_) return;
  // One column is left free, where some terminals would wrap.
  const std::string shown = printable(text);
  const std::size_t columns = terminal_columns() - 1;
  const bool fits = columns_of(shown) <= columns;
  std::fputs((kEraseLine + (fits ? shown : fit(shown, columns))).c_str(), stderr);
}

void StatusLine::print(const std::string& text) {
  std::fputs(((terminal_ ? kEraseLine : "") + printable(text) + '\n').c_str(), stderr);
}

}  // namespace hadal::cli
