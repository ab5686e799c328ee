#pragma once

#include "hadal/core/config.h"
#include "hadal/core/error.h"

#include <string_view>

namespace hadal {

/// Feeds hostile `text` to the reader, and asks what it accepts for fields of each type.
/// FormatError is an expected outcome, any other exception escapes.
inline void exercise_config(std::string_view text) {
  const auto attempt = [](const auto& action) {
    try {
      action();
    } catch (const FormatError&) {
    }
  };
  attempt([&] {
    const ConfigTable file = ConfigTable::parse(text, "input");
    for (const ConfigTable& table : {file, file.table("t")}) {
      attempt([&] { table.text("a"); });
      attempt([&] { table.choice("a", {"x"}); });
      attempt([&] { table.number("a", 1.0, {.above = 0}); });
      attempt([&] { table.integer("a", 1, {.at_least = 0}); });
      attempt([&] { table.flag("a"); });
      attempt([&] { table.texts("a"); });
    }
    file.finish();
  });
}

}  // namespace hadal
