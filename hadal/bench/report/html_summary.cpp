#include "hadal/bench/report/format.h"
#include "hadal/bench/report/html_parts.h"
#include "hadal/bench/report/html_plot.h"
#include "hadal/core/error.h"

#include <algorithm>
#include <set>

namespace hadal::bench {
namespace {

template <class Predicate>
std::size_t count(const Report& report, const Predicate& predicate) {
  return static_cast<std::size_t>(
      std::count_if(report.cases.begin(), report.cases.end(), predicate));
}

Markup tally(const Report& report) {
  Markup html;
  html << "<ul class=\"tally\">";
  for (const Verdict verdict : kVerdicts) {
    html << "<li><span class=\"figure\">"
         << count(report, [&](const CaseResult& result) { return result.verdict == verdict; })
         << "</span> " << verdict_badge(verdict) << "</li>";
  }
  return html << "</ul>";
}

Markup count_cell(std::size_t count) {
  Markup html;
  if (count == 0) return html << "<td class=\"num muted\">0</td>";
  return html << "<td class=\"num\">" << count << "</td>";
}

/// Counts of verdicts for each of `groups`; `group_of` says to which a case belongs.
template <class GroupOf>
Markup counts_table(const Report& report, std::string_view title,
                    const std::vector<std::string>& groups, const GroupOf& group_of) {
  Markup html;
  html << "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" << title
       << "\"><table class=\"counts\"><caption>" << title
       << "</caption><thead><tr><td></td><th scope=\"col\">cases</th>";
  for (const Verdict verdict : kVerdicts) {
    // Small windows have room for the mark only, which the tally above explains.
    html << "<th scope=\"col\">" << verdict_icon(verdict) << "<span class=\"name\">"
         << name_of(verdict) << "</span></th>";
  }
  html << "</tr></thead><tbody>";
  for (const std::string& group : groups) {
    const auto belongs = [&](const CaseResult& result) { return group_of(result) == group; };
    if (count(report, belongs) == 0) continue;
    html << "<tr><th scope=\"row\">" << group << "</th>" << count_cell(count(report, belongs));
    for (const Verdict verdict : kVerdicts) {
      html << count_cell(count(report, [&](const CaseResult& result) {
        return belongs(result) && result.verdict == verdict;
      }));
    }
    html << "</tr>";
  }
  return html << "</tbody></table></div>";
}

}  // namespace

Markup summary_section(const Report& report) {
  std::set<std::string> modules;
  for (const CaseResult& result : report.cases) modules.insert(result.module);
  std::vector<std::string> domains;
  for (const Domain domain : kDomains) domains.emplace_back(name_of(domain));
  Markup html;
  html
      << "<section aria-labelledby=\"summary\"><h2 id=\"summary\">Summary</h2>" << tally(report)
      << "<p class=\"noise\"><strong>Noise floor " << format_percent(report.noise_floor)
      << "</strong>: before the first case, the same code was timed against itself and came out at "
      << "<span class=\"num\">" << format_ratio(report.noise)
      << "</span>, so on this machine nothing smaller is a difference.</p><div class=\"pair\">"
      << counts_table(report, "By module", {modules.begin(), modules.end()},
                      [](const CaseResult& result) { return result.module; })
      << counts_table(report, "By domain", domains,
                      [](const CaseResult& result) { return name_of(result.domain); })
      << "</div></section>\n";
  return html;
}

}  // namespace hadal::bench
