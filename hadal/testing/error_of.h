#pragma once

#include <string>
#include <string_view>

namespace hadal::testing {

/// The text of the `Error` that `action` throws; "no error" where it throws nothing. Another
/// exception escapes.
template <class Error, class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// The error text up to the words of the JSON library, which are not ours: "... invalid JSON: ".
inline std::string without_json_reason(const std::string& text) {
  constexpr std::string_view kJson = "invalid JSON: ";
  const auto json = text.find(kJson);
  return json == text.npos ? text : text.substr(0, json + kJson.size());
}

}  // namespace hadal::testing
