#include "hadal/core/text.h"

#include "hadal/core/error.h"
#include "hadal/core/utf8.h"

#include <algorithm>
#include <cstddef>
#include <iomanip>

#include <nlohmann/json.hpp>

namespace hadal {
namespace {

/// Whether `text` starts with one of the code points from `first` to `last`, all of one length.
bool starts_within(std::string_view text, std::string_view first, std::string_view last) {
  // UTF-8 sorts as its code points do.
  const std::string_view start = text.substr(0, first.size());
  return start.size() == first.size() && first <= start && start <= last;
}

/// Bytes of the control character that `text` starts with; 0 where it starts with none.
std::size_t length_of_control(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte < 0x20 || byte == 0x7f) return 1;
  // U+0080 to U+009F, which terminals may take for controls too.
  if (starts_within(text, "\xc2\x80", "\xc2\x9f")) return 2;
  // Line and paragraph separators, and what reorders the text after it: U+2028 to U+202E, U+2066 to
  // U+2069.
  const bool reorders =
      starts_within(text, "\u2028", "\u202e") || starts_within(text, "\u2066", "\u2069");
  return reorders ? 3 : 0;
}

/// `text` with what `replacement` gives for it in the place of each control character.
template <class Replacement>
std::string replace_controls(std::string_view text, const Replacement& replacement) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = length_of_control(text);
    if (length > 0) {
      result += replacement(first_code_point(text));
    } else {
      result += text.front();
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) {
  return replace_controls(text, [](char32_t) { return " "; });
}

std::string quote(std::string_view text) {
  using nlohmann::json;
  constexpr std::size_t kLongest = 120;
  const std::string shown = json(std::string(text.substr(0, kLongest)))
                                .dump(-1, ' ', false, json::error_handler_t::replace);
  // JSON leaves some of them as they are.
  const std::string escaped = replace_controls(shown, [](char32_t control) {
    return concat("\\u", std::hex, std::setw(4), std::setfill('0'), std::uint32_t{control});
  });
  return escaped + (text.size() > kLongest ? "..." : "");
}

std::string join(const std::vector<std::string>& texts) {
  std::string joined;
  for (std::size_t i = 0; i < texts.size(); ++i) joined += (i == 0 ? "" : ", ") + texts[i];
  return joined;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  constexpr std::size_t kMost = 8;
  std::string text = "[";
  for (std::size_t i = 0; i < std::min(shape.size(), kMost); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return text + (shape.size() > kMost ? ", ...]" : "]");
}

}  // namespace hadal
