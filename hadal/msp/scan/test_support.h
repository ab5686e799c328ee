#pragma once

#include "hadal/msp/scan/content.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::msp::testing {

/// The findings of content called `name`.
inline std::vector<Finding> findings_of(std::string_view content, std::string_view name) {
  Findings findings;
  ContentScan(findings).scan(std::as_bytes(std::span(content)), name,
                             {.file = std::string(name), .member = {}});
  return findings.all();
}

/// "pickle/dangerous-import: byte 2: imports os.system", a line for each finding.
inline std::string told(std::string_view content, std::string_view name) {
  std::string text;
  for (const Finding& finding : findings_of(content, name)) {
    text += std::string(finding.rule->id) + ": " + finding.text + '\n';
  }
  return text;
}

/// The identifiers of the rules alone, with spaces between them.
inline std::string rules_of(std::string_view content, std::string_view name) {
  std::string text;
  for (const Finding& finding : findings_of(content, name)) {
    text += (text.empty() ? "" : " ") + std::string(finding.rule->id);
  }
  return text;
}

}  // namespace hadal::msp::testing
