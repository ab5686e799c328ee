#include "hadal/data/readers/text.h"

#include "hadal/core/error.h"
#include "hadal/core/utf8.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace hadal::data {

std::string parse_text(std::string bytes, const std::string& source) {
  if (const auto invalid = find_invalid_utf8(bytes)) {
    const std::size_t at = *invalid;
    const auto line =
        1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    throw FormatError(
        concat(source, ": byte ", at, " in line ", line, ": expected UTF-8, found the byte ",
               static_cast<int>(static_cast<unsigned char>(bytes[at]))),
        "convert the file to UTF-8, for example with iconv");
  }
  if (std::string_view(bytes).starts_with(kUtf8Bom)) bytes.erase(0, kUtf8Bom.size());
  return bytes;
}

std::string read_text(const std::filesystem::path& path, std::size_t max_bytes) {
  return parse_text(read_maybe_gzip(path, max_bytes), path.string());
}

}  // namespace hadal::data
