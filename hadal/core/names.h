#pragma once

#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// The value of an enumeration, counted from 0, whose name is `name`; `what` says what it is.
/// Throws InvalidArgument, listing the names.
template <class Value, std::size_t count>
Value parse_name(std::string_view name, std::string_view what,
                 const std::array<std::string_view, count>& names) {
  for (std::size_t i = 0; i < count; ++i) {
    if (names[i] == name) return static_cast<Value>(i);
  }
  throw InvalidArgument(concat("expected a ", what, ", got \"", name, "\""),
                        "one of " + join({names.begin(), names.end()}));
}

}  // namespace hadal
