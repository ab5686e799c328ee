#include "hadal/msp/scan/finding.h"

#include <algorithm>
#include <utility>

namespace hadal::msp {

Place Place::within(const std::string& name) const {
  return {.file = file, .member = member.empty() ? name : member + " > " + name};
}

void Findings::add(const Rule& rule, const Place& place, std::optional<std::uint64_t> offset,
                   std::string text) {
  if (findings_.size() + 1 < kMost) {
    findings_.push_back({&rule, place, offset, std::move(text)});
  } else if (findings_.size() + 1 == kMost) {
    findings_.push_back({&rules::kUnreadable,
                         {.file = place.file, .member = {}},
                         {},
                         "there are more findings than are listed"});
  }
}

bool Findings::any() const {
  return std::ranges::any_of(findings_,
                             [](const Finding& f) { return f.rule->level != Level::note; });
}

}  // namespace hadal::msp
