#pragma once

#include "hadal/bench/report/report.h"
#include "hadal/core/markup.h"

namespace hadal::bench {

// The sections of the page, each a whole <section>; all expect a report that validate() accepts.

/// Counts of verdicts: in total, by module and by domain, and the noise floor.
Markup summary_section(const Report& report);
/// The table of all cases with its filters and forest plot.
Markup cases_section(const Report& report);
/// A disclosure for each case: what was compared, on what, and all its numbers.
Markup details_section(const Report& report);
/// The published figures and what was measured of them.
Markup claims_section(const Report& report);
/// Machine, compiler and versions.
Markup environment_section(const Report& report);

/// The verdict's mark and name.
Markup verdict_badge(Verdict verdict);
/// An entry of a <dl class="facts">.
template <class Value>
Markup fact(std::string_view name, const Value& value) {
  Markup html;
  html << "<div><dt>" << name << "</dt><dd>" << value << "</dd></div>";
  return html;
}

/// The attributes by which the filters find what belongs to a case.
Markup filter_attributes(const CaseResult& result);
/// The document-wide id of a case's disclosure.
std::string anchor_of(const CaseResult& result);

}  // namespace hadal::bench
