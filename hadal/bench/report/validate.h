#pragma once

#include "hadal/bench/report/report.h"

#include <cstddef>
#include <string_view>

namespace hadal::bench {

/// Most of each that a report may hold: far above what a run makes, low enough to render.
inline constexpr std::size_t kMaxCases = 1'000;
inline constexpr std::size_t kMaxSamples = 100'000;
inline constexpr std::size_t kMaxMetrics = 1'000;

/// Whether `text` is the id of a case, as "nlp/attention-dense-16k": two names of a-z, 0-9, '.',
/// '_' and '-'.
bool is_case_id(std::string_view text);

/// Checks all that report.h promises of a report: ranges, forms of identifiers, and that values
/// which follow from others do (a median lies among its samples, a noise floor matches its
/// interval, `passed` matches the bound, a judged case has its measurements). to_json() writes and
/// report_from_json() accepts only reports that pass. Throws InvalidArgument with the JSON path of
/// the first value at fault, such as "cases[3].speed.baseline.samples[2]", what was expected, and
/// what was found.
void validate(const Report& report);

}  // namespace hadal::bench
