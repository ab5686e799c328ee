#include "hadal/bench/report/curves.h"
#include "hadal/bench/report/format.h"
#include "hadal/bench/report/html_parts.h"
#include "hadal/bench/report/html_plot.h"

namespace hadal::bench {
namespace {

Markup quality_facts(const QualityResult& quality) {
  Markup target;
  if (quality.bound == QualityResult::Bound::at_least) {
    target << "at least ";
  } else {
    target << "at most ";
  }
  target << format_value(quality.target);
  if (quality.passed) {
    target << " (kept)";
  } else {
    target << " (missed)";
  }
  Markup html;
  html << "<h4>Quality: " << quality.metric << "</h4><dl class=\"facts\">"
       << fact("Baseline", format_value(quality.baseline))
       << fact("Candidate", format_value(quality.candidate)) << fact("Target", target) << "</dl>";
  return html;
}

Markup speed_facts(const CaseResult& result) {
  const Speed& speed = *result.speed;
  Markup html;
  html << "<h4>Time of each of " << speed.baseline.samples.size() << " rounds</h4>"
       << samples_plot(speed);
  if (result.verdict == Verdict::failed) {
    return html << "<p>The case failed, so these times are no measure of the candidate.</p>";
  }
  return html << "<dl class=\"facts\">" << fact("Speedup", format_ratio(speed.speedup))
              << fact("Baseline against itself", format_ratio(speed.noise))
              << fact("Noise floor", format_percent(speed.noise_floor))
              << fact("Tolerance", format_percent(speed.tolerance)) << "</dl>";
}

Markup cost_facts(const Cost& cost) {
  Markup html;
  html << "<h4>Cost of one run</h4><dl class=\"facts\">"
       << fact("Peak memory, baseline", format_bytes(cost.baseline_peak_bytes))
       << fact("Peak memory, candidate", format_bytes(cost.candidate_peak_bytes));
  if (cost.baseline_flops > 0 || cost.candidate_flops > 0) {
    html << fact("FLOPs, baseline", format_flops(cost.baseline_flops))
         << fact("FLOPs, candidate", format_flops(cost.candidate_flops));
  }
  return html << "</dl>";
}

Markup metrics_facts(const std::vector<Metric>& metrics) {
  Markup html;
  for (const Curve& curve : curves_of(metrics)) {
    html << "<h4>" << curve.name << " \u2026</h4>" << curve_plot(curve);
  }
  html << "<h4>Further metrics</h4><dl class=\"facts\">";
  for (const Metric& metric : metrics) html << fact(metric.name, format_metric(metric));
  return html << "</dl>";
}

Markup data_facts(const CaseResult& result) {
  Markup hash;
  if (result.data.sha256.empty()) {
    hash << "not read";
  } else {
    hash << "<code>" << result.data.sha256 << "</code>";
  }
  Markup html;
  html << "<h4>Input</h4><dl class=\"facts\">"
       << fact(result.data.generated ? "Generated" : "Read from files", result.data.description)
       << fact("SHA-256", hash) << "</dl>";
  return html;
}

Markup details(const CaseResult& result) {
  Markup html;
  html << "<details id=\"" << anchor_of(result) << "\"" << filter_attributes(result)
       << "><summary><h3>" << result.id << "</h3> " << verdict_badge(result.verdict);
  if (is_judged(result.verdict)) {
    html << " <span class=\"num\">" << format_ratio(result.speed->speedup) << "</span>";
  }
  html << "</summary><div class=\"body\"><p>" << result.summary << "</p><p class=\"message\">"
       << result.message << "</p><dl class=\"sides\">" << fact("Baseline", result.baseline)
       << fact("Candidate", result.candidate) << "</dl>";
  if (result.speed) html << speed_facts(result);
  if (result.quality) html << quality_facts(*result.quality);
  if (result.cost) html << cost_facts(*result.cost);
  if (!result.metrics.empty()) html << metrics_facts(result.metrics);
  html << data_facts(result) << "<p class=\"muted\">Module " << result.module << ", case version "
       << result.version << ", took " << format_seconds(result.seconds)
       << ".</p></div></details>\n";
  return html;
}

}  // namespace

Markup details_section(const Report& report) {
  Markup html;
  if (report.cases.empty()) return html;
  html << "<section aria-labelledby=\"details\"><div class=\"heading\"><h2 id=\"details\">Details"
       << "</h2><button type=\"button\" id=\"open-all\" aria-pressed=\"false\" hidden>Open all"
       << "</button></div>\n";
  for (const CaseResult& result : report.cases) html << details(result);
  return html << "</section>\n";
}

}  // namespace hadal::bench
