#include "hadal/data/readers/utf8.h"

#include <algorithm>

#include <utf8proc.h>

namespace hadal::data {

std::size_t find_invalid_utf8(std::string_view text) {
  constexpr std::size_t kLongest = 4;
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const auto left = static_cast<utf8proc_ssize_t>(std::min(text.size() - at, kLongest));
    utf8proc_int32_t code_point = 0;
    const auto taken = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                        left, &code_point);
    if (taken <= 0) return at;
    at += static_cast<std::size_t>(taken);
  }
  return text.npos;
}

}  // namespace hadal::data
