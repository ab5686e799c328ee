#include "hadal/data/readers/strict_json.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/text.h"
#include "hadal/core/utf8.h"

#include <set>
#include <vector>

namespace hadal::data {
namespace {

using nlohmann::json;

/// Watches a parse for what the parsed value no longer shows: keys that came twice, and nesting.
class Watch {
 public:
  explicit Watch(const std::string& place) : place_(place) {}

  bool operator()(int depth, json::parse_event_t event, json& value) {
    constexpr int kDeepest = 64;
    if (depth > kDeepest) {
      throw FormatError(concat(place_, ": nested more than ", kDeepest, " levels deep"));
    }
    if (event == json::parse_event_t::object_start) keys_.emplace_back();
    if (event == json::parse_event_t::object_end) keys_.pop_back();
    if (event == json::parse_event_t::key) {
      const auto [key, is_new] = keys_.back().insert(value.get<std::string>());
      if (!is_new) {
        throw FormatError(concat(place_, ": the key ", safetensors::quote(*key), " comes twice"));
      }
    }
    return true;
  }

 private:
  const std::string& place_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

json parse_strict_json(std::string_view text, const std::string& place) {
  // The parser takes a NUL for the end of its input and would not see what comes after.
  if (const auto nul = text.find('\0'); nul != text.npos) {
    throw FormatError(concat(place, ": byte ", nul, ": the text contains a NUL"));
  }
  // The parser passes over a byte order mark, which RFC 8259 allows but does not ask for.
  if (text.starts_with(kUtf8Bom)) {
    throw FormatError(concat(place, ": byte 0: a byte order mark is no JSON"));
  }
  try {
    return json::parse(text, Watch(place));
  } catch (const json::parse_error& error) {
    const std::size_t byte = error.byte > 0 ? error.byte - 1 : 0;
    throw FormatError(concat(place, ": near byte ", byte,
                             ": invalid JSON: ", safetensors::json_error_reason(error)));
  } catch (const json::exception& error) {
    throw FormatError(concat(place, ": invalid JSON: ", safetensors::json_error_reason(error)));
  }
}

}  // namespace hadal::data
