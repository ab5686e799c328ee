#include "hadal/core/columns.h"

#include "hadal/core/error.h"

namespace hadal {
namespace {

bool starts_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

/// The byte offset at which code point number `column` of `text` starts.
std::size_t offset_of_column(std::string_view text, std::size_t column) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (starts_code_point(text[at]) && column-- == 0) break;
  }
  return at;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char byte : text) columns += starts_code_point(byte) ? 1 : 0;
  return columns;
}

std::string fit(std::string_view text, std::size_t columns) {
  constexpr std::string_view kCut = "...";
  const std::size_t length = columns_of(text);
  if (length <= columns) return std::string(text) + std::string(columns - length, ' ');
  if (columns <= kCut.size()) return std::string(kCut.substr(0, columns));
  const std::size_t kept = columns - kCut.size();
  const std::size_t head = kept / 2;
  const std::size_t tail = kept - head;
  return concat(text.substr(0, offset_of_column(text, head)), kCut,
                text.substr(offset_of_column(text, length - tail)));
}

std::string wrap(std::string_view text, std::size_t indent, std::size_t columns) {
  const std::size_t room = columns > indent ? columns - indent : 1;
  std::string result;
  while (!text.empty()) {
    std::size_t end = text.size();
    std::size_t next = end;
    if (columns_of(text) > room) {
      const std::size_t limit = offset_of_column(text, room);
      const std::size_t space = text.substr(0, limit + 1).rfind(' ');
      const bool at_space = space != std::string_view::npos && space > 0;
      end = at_space ? space : limit;
      next = at_space ? space + 1 : limit;
    }
    result.append(indent, ' ').append(text.substr(0, end)) += '\n';
    text.remove_prefix(next);
  }
  return result;
}

}  // namespace hadal
