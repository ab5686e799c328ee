#include "hadal/bench/report/html_parts.h"

namespace hadal::bench {
namespace {

Markup row(const Claim& claim) {
  Markup html;
  html << "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\"><span class=\"key\">(" << claim.id
       << ")</span> " << claim.title << "</th><td role=\"cell\" data-label=\"Published\">"
       << claim.published << "</td><td role=\"cell\" data-label=\"Measured here\">";
  if (claim.measured) {
    html << "<strong>" << *claim.measured << "</strong>";
  } else {
    html << "<span class=\"muted\">not measured yet</span>";
  }
  html << "</td><td role=\"cell\" data-label=\"Conditions\">" << claim.conditions
       << "</td><td role=\"cell\" data-label=\"Command\">";
  if (!claim.command.empty()) html << "<code>" << claim.command << "</code>";
  return html << "</td></tr>\n";
}

}  // namespace

Markup claims_section(const Report& report) {
  Markup html;
  if (report.claims.empty()) return html;
  html << "<section aria-labelledby=\"claims\"><h2 id=\"claims\">Published figures</h2>"
       << "<table class=\"claims\" role=\"table\"><caption>Figures published elsewhere, and what "
       << "this run measured of them.</caption><thead role=\"rowgroup\"><tr role=\"row\">";
  for (const char* name : {"Figure", "Published", "Measured here", "Conditions", "Command"}) {
    html << "<th role=\"columnheader\" scope=\"col\">" << std::string_view(name) << "</th>";
  }
  html << "</tr></thead><tbody role=\"rowgroup\">\n";
  for (const Claim& claim : report.claims) html << row(claim);
  return html << "</tbody></table></section>\n";
}

}  // namespace hadal::bench
