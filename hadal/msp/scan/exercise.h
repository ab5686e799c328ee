#pragma once

#include "hadal/core/text.h"
#include "hadal/msp/scan/content.h"
#include "hadal/testing/require.h"

#include <cstddef>
#include <span>
#include <string_view>

/// What fuzzers, and a test over what they found, feed hostile bytes to.
namespace hadal::msp {

/// Scans hostile bytes under a name; what is wrong with them is a finding, never an exception. What
/// findings say must be fit for a terminal, and their number bounded.
inline void exercise_scan(std::span<const std::byte> bytes, std::string_view name) {
  using hadal::testing::require;
  Findings findings;
  ContentScan(findings).scan(bytes, name, {.file = "input", .member = {}});
  require(findings.all().size() <= Findings::kMost);
  for (const Finding& finding : findings.all()) {
    require(finding.rule != nullptr && !finding.text.empty());
    require(printable(finding.text) == finding.text);
    require(printable(finding.place.member) == finding.place.member);
  }
}

}  // namespace hadal::msp
