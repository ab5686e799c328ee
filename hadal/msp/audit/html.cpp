#include "audit_assets.h"
#include "hadal/core/build_info.h"
#include "hadal/core/error.h"
#include "hadal/core/markup.h"
#include "hadal/core/text.h"
#include "hadal/msp/audit/html_backdoor.h"
#include "hadal/msp/audit/report.h"

#include <cstdio>

namespace hadal::msp {
namespace {

Markup head(const AuditReport& report) {
  Markup html;
  html << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
       << "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
          "data:; style-src '"
       << policy_hash(embedded::audit_css) << "'; base-uri 'none'; form-action 'none'\">\n"
       << "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
       << "<meta name=\"color-scheme\" content=\"light dark\">\n"
       << "<meta name=\"referrer\" content=\"no-referrer\">\n"
       << "<link rel=\"icon\" href=\"data:,\">\n<title>Hadal audit of " << printable(report.model)
       << "</title>\n<style>";
  html.append_trusted(embedded::audit_css);
  return html << "</style>\n</head>\n";
}

Markup finding_markup(const Finding& finding) {
  const Rule& rule = *finding.rule;
  Markup html;
  html << "<article class=\"finding\"><header><span class=\"badge " << name_of(rule.level) << "\">"
       << name_of(rule.level) << "</span><h3>" << rule.id << "</h3><code>"
       << printable(finding.place.file);
  if (!finding.place.member.empty()) html << " &gt; " << finding.place.member;
  html << "</code></header><p>" << printable(finding.text) << "</p><p>" << rule.text << " "
       << rule.help << "</p><p class=\"muted\">MITRE ATLAS " << rule.atlas << " &middot; OWASP "
       << rule.owasp << "</p></article>\n";
  return html;
}

Markup findings_section(const AuditReport& report) {
  Markup html;
  html << "<section aria-labelledby=\"findings\"><h2 id=\"findings\">Findings</h2>\n";
  if (report.findings.empty()) html << "<p>None.</p>\n";
  for (const Finding& finding : report.findings) html << finding_markup(finding);
  return html << "</section>\n";
}

Markup files_section(const AuditReport& report) {
  Markup html;
  html << "<section aria-labelledby=\"files\"><h2 id=\"files\">Files</h2><div class=\"scroll\" "
          "tabindex=\"0\"><table><thead><tr><th scope=\"col\">File</th><th scope=\"col\">Kind</th>"
          "<th scope=\"col\" class=\"num\">Bytes</th><th scope=\"col\">SHA-256</th></tr></thead>"
          "<tbody>\n";
  for (const ScannedFile& file : report.files) {
    html << "<tr><th scope=\"row\">" << printable(file.path) << "</th><td>" << file.kind
         << "</td><td class=\"num\">" << file.bytes << "</td><td><code>" << file.sha256
         << "</code></td></tr>\n";
  }
  return html << "</tbody></table></div></section>\n";
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

Markup weights_section(const AuditReport& report) {
  Markup html;
  if (report.weights.empty()) return html;
  html << "<section aria-labelledby=\"weights\"><h2 id=\"weights\">Weights</h2>"
       << "<p class=\"muted\">Not finite: elements. Largest row: its norm over the median. Low "
          "byte: "
          "bits of entropy of fp32's lowest byte, 8 at most; a dash where the tensor is small or "
          "rounded. Text: letters in a row in the lowest bits.</p>"
       << "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Tensor</th><th "
          "scope=\"col\">Type</th>";
  for (const char* name : {"Not finite", "Mean", "Deviation", "Largest", "Dead rows", "Largest row",
                           "Low byte", "Text"}) {
    html << "<th scope=\"col\" class=\"num\">" << std::string_view(name) << "</th>";
  }
  html << "</tr></thead><tbody>\n";
  for (const TensorStatistics& s : report.weights) {
    html << "<tr><th scope=\"row\"><code>" << s.name << "</code></th><td>" << s.dtype << " "
         << shape_text(s.shape) << "</td>";
    for (const std::string& cell :
         {concat(s.not_finite), short_number(s.mean), short_number(s.deviation),
          short_number(s.largest), s.rows > 0 ? concat(s.dead_rows, " of ", s.rows) : "-",
          s.rows > 0 ? short_number(s.largest_row) : "-",
          s.entropy >= 0 ? short_number(s.entropy) : "-", concat(s.text_run)}) {
      html << "<td class=\"num\">" << cell << "</td>";
    }
    html << "</tr>\n";
  }
  return html << "</tbody></table></div></section>\n";
}

}  // namespace

std::string audit_html(const AuditReport& report) {
  Markup html;
  html << head(report) << "<body>\n<header><p class=\"muted\">Hadal " << build_info().version
       << "</p><h1>Audit of " << printable(report.model) << "</h1><p class=\"verdict "
       << (report.is_clean()                ? std::string_view("clean")
           : report.count(Level::error) > 0 ? std::string_view("error")
                                            : std::string_view("warning"))
       << "\">" << verdict_text(report) << "</p><p class=\"muted\">" << report.audited
       << "</p></header>\n<main>\n"
       << findings_section(report);
  if (report.backdoor) html << backdoor_section(*report.backdoor);
  html << files_section(report) << weights_section(report) << "</main>\n</body>\n</html>\n";
  return html.html();
}

}  // namespace hadal::msp
