#include "hadal/bench/report/format.h"
#include "hadal/bench/report/html_parts.h"
#include "hadal/bench/report/html_plot.h"
#include "hadal/core/error.h"

#include <algorithm>
#include <set>

namespace hadal::bench {
namespace {

/// The start of a cell; `label` heads it where the table is shown as cards.
Markup cell(std::string_view style, std::string_view label) {
  Markup html;
  html << "<td role=\"cell\" class=\"" << style << "\" data-label=\"" << label << "\">";
  return html;
}

Markup none(std::string_view why) {
  Markup html;
  html << "<span class=\"muted\"><span aria-hidden=\"true\">\u2013</span><span class=\"unseen\">"
       << why << "</span></span>";
  return html;
}

Markup speedup_cells(const RatioAxis& axis, const CaseResult& result) {
  Markup html;
  html << cell("num speedup", "Speedup");
  if (!is_judged(result.verdict)) {
    const std::string_view why =
        result.verdict == Verdict::failed ? "the case failed" : "the case was skipped";
    html << none(concat("no speedup: ", why)) << "</td>" << cell("plot", "");
    return html << "<span class=\"muted\">not judged: " << why << "</span></td>";
  }
  const Estimate& speedup = result.speed->speedup;
  html << "<strong>" << format_ratio(speedup.median) << "\u00d7</strong> <span class=\"interval\">["
       << format_ratio(speedup.low) << ", " << format_ratio(speedup.high) << "]</span></td>"
       << cell("plot", "");
  return html << axis_plot(axis) << forest_plot(axis, result) << "</td>";
}

Markup quality_cell(const CaseResult& result) {
  Markup html;
  html << cell("quality", "Quality");
  if (!result.quality) return html << none("not measured") << "</td>";
  const QualityResult& quality = *result.quality;
  html << "<span class=\"num\"><strong>" << format_value(quality.candidate) << "</strong> ";
  if (quality.bound == QualityResult::Bound::at_least) {
    html << "\u2265 ";
  } else {
    html << "\u2264 ";
  }
  html << format_value(quality.target) << "</span>";
  if (quality.passed) {
    html << " <span class=\"kept\">kept</span>";
  } else {
    html << " <span class=\"missed\">missed</span>";
  }
  return html << " <span class=\"sub\">" << quality.metric << "</span></td>";
}

Markup pair(const std::string& baseline, const std::string& candidate) {
  Markup html;
  html << baseline << " <span class=\"unseen\">baseline,</span><span aria-hidden=\"true\">\u2192"
       << "</span> <strong>" << candidate
       << "</strong><span class=\"unseen\"> candidate</span></td>";
  return html;
}

Markup cost_cells(const CaseResult& result) {
  Markup html;
  html << cell("num", "Peak memory");
  if (result.cost) {
    html << pair(format_bytes(result.cost->baseline_peak_bytes),
                 format_bytes(result.cost->candidate_peak_bytes));
  } else {
    html << none("not measured") << "</td>";
  }
  html << cell("num", "FLOPs");
  const bool counted =
      result.cost && (result.cost->baseline_flops > 0 || result.cost->candidate_flops > 0);
  if (!counted) return html << none("not counted") << "</td>";
  return html << pair(format_flops(result.cost->baseline_flops),
                      format_flops(result.cost->candidate_flops));
}

Markup row(const RatioAxis& axis, const CaseResult& result) {
  Markup html;
  html << "<tr role=\"row\"" << filter_attributes(result)
       << "><th role=\"rowheader\" scope=\"row\"><a href=\"#" << anchor_of(result) << "\">"
       << result.id << "</a><span class=\"sub\">" << result.summary << "</span></th>"
       << cell("verdict-cell", "Verdict") << verdict_badge(result.verdict) << "</td>"
       << speedup_cells(axis, result) << quality_cell(result) << cost_cells(result) << "</tr>\n";
  return html;
}

Markup filter_button(std::string_view group, std::string_view value, std::size_t count) {
  Markup html;
  html << "<button type=\"button\" aria-pressed=\"false\" data-group=\"" << group
       << "\" data-value=\"" << value << "\">" << value << " <span class=\"count\">" << count
       << "</span></button>";
  return html;
}

/// A button for each of `values` that a case has; nothing to filter by where there is only one.
template <class Values, class ValueOf>
Markup filter_group(const Report& report, std::string_view group, const Values& values,
                    const ValueOf& value_of) {
  Markup buttons;
  int kinds = 0;
  for (const auto& value : values) {
    const auto count =
        std::count_if(report.cases.begin(), report.cases.end(),
                      [&](const CaseResult& result) { return value_of(result) == value; });
    if (count == 0) continue;
    buttons << filter_button(group, value, static_cast<std::size_t>(count));
    ++kinds;
  }
  Markup html;
  if (kinds < 2) return html;
  html << "<div class=\"group\" role=\"group\" aria-label=\"Filter by " << group
       << "\"><span class=\"label\" aria-hidden=\"true\">" << group << "</span>" << buttons
       << "</div>";
  return html;
}

template <class Enums>
std::vector<std::string> names(const Enums& values) {
  std::vector<std::string> result;
  for (const auto value : values) result.emplace_back(name_of(value));
  return result;
}

Markup filters(const Report& report) {
  std::set<std::string> modules;
  for (const CaseResult& result : report.cases) modules.insert(result.module);
  Markup html;
  // Shown by the script, without which the buttons would do nothing.
  html << "<div class=\"filters\" id=\"filters\" hidden>"
       << filter_group(report, "verdict", names(kVerdicts),
                       [](const CaseResult& result) { return name_of(result.verdict); })
       << filter_group(report, "domain", names(kDomains),
                       [](const CaseResult& result) { return name_of(result.domain); })
       << filter_group(report, "module", modules,
                       [](const CaseResult& result) { return result.module; })
       << "<p class=\"shown\"><span id=\"shown\" role=\"status\"></span> "
       << "<button type=\"button\" id=\"clear\" hidden>Show all</button></p></div>";
  return html;
}

Markup header(const RatioAxis& axis) {
  Markup html;
  html << "<thead role=\"rowgroup\"><tr role=\"row\">";
  for (const char* name : {"Case", "Verdict", "Speedup"}) {
    html << "<th role=\"columnheader\" scope=\"col\">" << std::string_view(name) << "</th>";
  }
  html << "<th role=\"columnheader\" scope=\"col\" class=\"plot\"><span class=\"unseen\">Interval "
       << "on a logarithmic axis</span>" << axis_plot(axis) << "</th>";
  for (const char* name : {"Quality", "Peak memory", "FLOPs"}) {
    html << "<th role=\"columnheader\" scope=\"col\">" << std::string_view(name) << "</th>";
  }
  return html << "</tr></thead>";
}

}  // namespace

Markup cases_section(const Report& report) {
  Markup html;
  html << "<section aria-labelledby=\"cases\"><h2 id=\"cases\">Cases</h2>";
  if (report.cases.empty()) return html << "<p>The run has no cases.</p></section>";
  const RatioAxis axis(report.cases);
  html << filters(report)
       << "<table class=\"cases\" role=\"table\"><caption>Speedup is baseline time over candidate "
       << "time, with its 95 % interval; right of the line at 1 the candidate is faster. The "
       << "shaded band is the tolerance, within which a difference counts as none. Arrows lead "
       << "from baseline to <strong>candidate</strong>.</caption>" << header(axis)
       << "<tbody role=\"rowgroup\">\n";
  for (const CaseResult& result : report.cases) html << row(axis, result);
  return html << "</tbody></table></section>\n";
}

}  // namespace hadal::bench
