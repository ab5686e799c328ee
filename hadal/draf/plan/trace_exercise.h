#pragma once

#include "hadal/core/error.h"
#include "hadal/draf/plan/workload.h"
#include "hadal/testing/require.h"

#include <string_view>

namespace hadal::draf::plan {

/// Feeds hostile `text` to the reader of traces, and checks what it promises of those that it
/// takes. FormatError is an expected outcome, any other exception escapes.
inline void exercise_trace(std::string_view text) {
  try {
    const auto requests = parse_trace(text, "input");
    hadal::testing::require(!requests.empty());
    double before = 0;
    for (const Arrival& request : requests) {
      hadal::testing::require(request.seconds >= before && request.prompt >= 1 &&
                              request.output >= 1);
      before = request.seconds;
    }
    hadal::testing::require(arrivals({.trace = requests}, 3, 0).size() == 3);
  } catch (const FormatError&) {
  }
}

}  // namespace hadal::draf::plan
