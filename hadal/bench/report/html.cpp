#include "hadal/bench/report/html.h"

#include "hadal/bench/report/format.h"
#include "hadal/bench/report/html_parts.h"
#include "hadal/bench/report/html_plot.h"
#include "hadal/bench/report/validate.h"
#include "hadal/core/error.h"
#include "report_assets.h"

#include <numeric>

namespace hadal::bench {
namespace {

Markup head(const Report& report) {
  const std::string style = policy_hash(embedded::report_css);
  const std::string script = policy_hash(embedded::report_js);
  Markup html;
  html << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
       << "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
          "data:; "
       << "style-src '" << style << "'; script-src '" << script
       << "'; base-uri 'none'; form-action 'none'\">\n"
       << "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
       << "<meta name=\"color-scheme\" content=\"light dark\">\n"
       << "<meta name=\"referrer\" content=\"no-referrer\">\n"
       // An empty icon, because a browser would ask a server for one.
       << "<link rel=\"icon\" href=\"data:,\">\n<title>Hadal benchmark report "
       << report.run_id.substr(0, 8) << "</title>\n<style>";
  html.append_trusted(embedded::report_css);
  return html << "</style>\n</head>\n";
}

Markup header(const Report& report) {
  const Environment& environment = report.environment;
  const double seconds =
      std::accumulate(report.cases.begin(), report.cases.end(), 0.0,
                      [](double sum, const CaseResult& result) { return sum + result.seconds; });
  Markup html;
  html << "<header><p class=\"eyebrow\">Hadal " << environment.hadal_version
       << "</p><h1>Benchmark report</h1>";
  if (!report.complete) {
    html << "<p class=\"banner\" role=\"alert\"><strong>Partial run.</strong> It was interrupted "
         << "or is still going: what follows covers the cases that it reached, "
         << report.cases.size() << " in all.</p>";
  }
  html << "<dl class=\"facts\">" << fact("Run", report.run_id.substr(0, 8))
       << fact("Started", report.started)
       << fact("Finished", report.finished.empty() ? "not finished" : report.finished)
       << fact("Cases", concat(report.cases.size(), " in ", format_seconds(seconds)))
       << fact("Scale", report.scale) << fact("Seed", report.seed)
       << fact("Commit", environment.commit) << fact("CPU", environment.cpu)
       << fact("Threads", environment.threads) << fact("Instruction set", environment.isa);
  return html << "</dl></header>\n";
}

}  // namespace

Markup verdict_badge(Verdict verdict) {
  Markup html;
  html << "<span class=\"badge " << name_of(verdict) << "\">" << verdict_icon(verdict)
       << name_of(verdict) << "</span>";
  return html;
}

Markup filter_attributes(const CaseResult& result) {
  Markup html;
  html << " data-verdict=\"" << name_of(result.verdict) << "\" data-domain=\""
       << name_of(result.domain) << "\" data-module=\"" << result.module << "\"";
  return html;
}

std::string anchor_of(const CaseResult& result) { return "case-" + result.id; }

Markup environment_section(const Report& report) {
  const Environment& environment = report.environment;
  Markup html;
  html << "<section aria-labelledby=\"environment\"><h2 id=\"environment\">Environment</h2>"
       << "<dl class=\"facts\">" << fact("CPU", environment.cpu) << fact("Cores", environment.cores)
       << fact("Threads", environment.threads) << fact("Instruction set", environment.isa)
       << fact("Memory", format_bytes(environment.memory_bytes))
       << fact("Operating system", environment.os) << fact("Hadal", environment.hadal_version)
       << fact("Commit", environment.commit) << fact("LibTorch", environment.torch_version)
       << fact("Build type", environment.build_type) << fact("Compiler", environment.compiler)
       << fact("Compiler flags", environment.compiler_flags) << fact("Run", report.run_id);
  return html << "</dl></section>\n";
}

std::string to_html(const Report& report) {
  validate(report);
  Markup html;
  html << head(report) << "<body>\n<a class=\"skip\" href=\"#main\">Skip to the results</a>\n"
       << header(report) << "<main id=\"main\" tabindex=\"-1\">\n"
       << summary_section(report) << cases_section(report) << details_section(report)
       << claims_section(report) << environment_section(report) << "</main>\n<script>";
  html.append_trusted(embedded::report_js);
  html << "</script>\n</body>\n</html>\n";
  return html.html();
}

}  // namespace hadal::bench
