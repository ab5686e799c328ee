#pragma once

#include "hadal/core/error.h"
#include "hadal/hpts/precision/plan_file.h"
#include "hadal/hpts/precision/plan_plot.h"
#include "hadal/testing/require.h"

#include <string_view>

namespace hadal::hpts {

/// Feeds hostile `text` to the reader of plans. FormatError is an expected outcome, any other
/// exception escapes. What is accepted must be written as the reader reads it, and must render.
inline void exercise_plan(std::string_view text) {
  PlanFile file;
  try {
    file = plan_file_from_json(text, "input");
  } catch (const FormatError&) {
    return;
  }
  hadal::testing::require(plan_file_from_json(to_json(file), "written again") == file);
  if (!file.history) return;
  counts_over_time(*file.history);
  history_text(*file.history, Precision::bf16);
  plan_page(*file.history, Precision::bf16);
}

}  // namespace hadal::hpts
