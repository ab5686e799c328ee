#include "hadal/core/safetensors/text.h"

#include "hadal/core/error.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace hadal::safetensors {

using nlohmann::json;

std::string quote(std::string_view text) {
  constexpr std::size_t kLongest = 120;
  const std::string shown = json(std::string(text.substr(0, kLongest)))
                                .dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() > kLongest ? shown + "..." : shown;
}

std::string json_string(std::string_view text, std::string_view what) {
  try {
    return json(std::string(text)).dump();
  } catch (const json::type_error&) {
    throw InvalidArgument(concat(what, " ", quote(text), " is not UTF-8"),
                          "safetensors files can only hold UTF-8 text");
  }
}

std::string shape_text(std::span<const std::int64_t> shape) {
  constexpr std::size_t kMost = 8;
  std::string text = "[";
  for (std::size_t i = 0; i < std::min(shape.size(), kMost); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return text + (shape.size() > kMost ? ", ...]" : "]");
}

std::string json_error_reason(const std::exception& error) {
  constexpr std::size_t kLongest = 200;
  std::string_view reason = error.what();
  // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error ...; last read:
  // '...'": the line is that of no file, and the input is hostile and perhaps long.
  reason.remove_prefix(reason.find("] ") + 2);
  if (reason.starts_with("parse error at ")) reason.remove_prefix(reason.find(": ") + 2);
  return std::string(reason.substr(0, reason.find("; last read")).substr(0, kLongest));
}

}  // namespace hadal::safetensors
