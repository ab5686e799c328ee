#pragma once

#include <string>

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

}  // namespace hadal::testing
