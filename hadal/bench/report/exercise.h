#pragma once

#include "hadal/bench/report/html.h"
#include "hadal/bench/report/json.h"
#include "hadal/bench/report/text.h"
#include "hadal/core/error.h"
#include "hadal/testing/require.h"

#include <string>
#include <string_view>

namespace hadal::bench {

/// Feeds hostile `text` to the reader. FormatError is an expected outcome, any other exception
/// escapes. What is accepted must be written as the reader reads it, and must render; a broken
/// promise ends the program, as a fuzzer expects.
inline void exercise_report(std::string_view text) {
  Report report;
  try {
    report = report_from_json(text, "input");
  } catch (const FormatError&) {
    return;
  }
  const std::string written = to_json(report);
  hadal::testing::require(to_json(report_from_json(written, "written again")) == written);
  to_html(report);
  summary_table(report);
}

}  // namespace hadal::bench
