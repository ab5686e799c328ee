#include "hadal/core/strict_json.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/core/utf8.h"

#include <set>
#include <vector>

namespace hadal {
namespace {

using nlohmann::json;

/// Watches a parse for what the parsed value no longer shows: keys that came twice, and nesting.
class Watch {
 public:
  Watch(const std::string& place, std::size_t max_depth) : place_(place), max_depth_(max_depth) {}

  bool operator()(int depth, json::parse_event_t event, const json& value) {
    using Event = json::parse_event_t;
    const bool opens = event == Event::object_start || event == Event::array_start;
    // `depth` counts what is open around the new bracket.
    if (opens && static_cast<std::size_t>(depth) >= max_depth_) {
      throw FormatError(concat(place_, ": nested more than ", max_depth_, " levels deep"));
    }
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key) {
      const auto [key, is_new] = keys_.back().insert(value.get<std::string>());
      if (!is_new) throw FormatError(concat(place_, ": the key ", quote(*key), " comes twice"));
    }
    return true;
  }

 private:
  const std::string& place_;
  std::size_t max_depth_;
  /// Of each object that is open. Sorted, as an attacker can make hashes collide.
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

json parse_strict_json(std::string_view text, const std::string& place, std::size_t max_depth) {
  // The parser takes a NUL for the end of its input and would not see what comes after.
  if (const auto nul = text.find('\0'); nul != text.npos) {
    throw FormatError(concat(place, ": byte ", nul, ": the text contains a NUL"));
  }
  // The parser passes over a byte order mark, which RFC 8259 allows but does not ask for.
  if (text.starts_with(kUtf8Bom)) {
    throw FormatError(concat(place, ": byte 0: a byte order mark is no JSON"));
  }
  try {
    return json::parse(text, Watch(place, max_depth));
  } catch (const json::parse_error& error) {
    // The parser counts the characters read, the offending one or the end among them.
    const std::size_t byte = error.byte > 0 ? error.byte - 1 : 0;
    throw FormatError(
        concat(place, ": near byte ", byte, ": invalid JSON: ", json_error_reason(error)),
        byte < text.size() ? "" : "it ends too early, and may be cut short: get it again, whole");
  } catch (const json::exception& error) {
    throw FormatError(concat(place, ": invalid JSON: ", json_error_reason(error)));
  }
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

}  // namespace hadal
