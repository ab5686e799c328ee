#include "hadal/bench/report/html_plot.h"

#include "hadal/bench/report/format.h"
#include "hadal/core/error.h"

#include <algorithm>
#include <cmath>

namespace hadal::bench {
namespace {

// Room at both ends of the axis, so that a mark at its end is whole.
constexpr double kMargin = 4;
constexpr int kMaxTicks = 7;

Markup vertical_line(std::string_view style, double x) {
  Markup svg;
  svg << "<line class=\"" << style << "\" x1=\"" << coordinate(x) << "%\" x2=\"" << coordinate(x)
      << "%\" y1=\"0\" y2=\"100%\"/>";
  return svg;
}

/// The verdict's mark about the origin, within 6 units to each side.
Markup mark(Verdict verdict) {
  Markup svg;
  switch (verdict) {
    case Verdict::better:
      return svg << "<path d=\"M0-5.5 5.5 4.5H-5.5Z\"/>";
    case Verdict::same:
      return svg << "<path d=\"M-4.5-4.5h9v9h-9Z\"/>";
    case Verdict::worse:
      return svg << "<path d=\"M0 5.5 5.5-4.5H-5.5Z\"/>";
    case Verdict::inconclusive:
      return svg << "<circle class=\"hollow\" r=\"4.2\"/>";
    case Verdict::failed:
      return svg << "<path class=\"hollow\" d=\"M-4-4 4 4M-4 4 4-4\"/>";
    case Verdict::skipped:
      return svg << "<path class=\"hollow\" d=\"M-5 0H5\"/>";
  }
  return svg;
}

double tolerance_low(const Speed& speed) { return 1 / (1 + speed.tolerance); }

std::string description(const CaseResult& result) {
  return concat(result.id, ": ", name_of(result.verdict), ", speedup ",
                format_ratio(result.speed->speedup), ", tolerance ",
                format_percent(result.speed->tolerance));
}

/// Maps times onto 0 to 1000.
struct TimeAxis {
  double low;
  double high;
  double at(double seconds) const {
    return high > low ? 20 + 960 * (seconds - low) / (high - low) : 500;
  }
};

TimeAxis time_axis(const Speed& speed) {
  TimeAxis axis{speed.baseline.samples.front(), speed.baseline.samples.front()};
  for (const Timing* timing : {&speed.baseline, &speed.candidate, &speed.baseline_again}) {
    const auto [low, high] = std::minmax_element(timing->samples.begin(), timing->samples.end());
    axis.low = std::min({axis.low, *low, timing->seconds.low});
    axis.high = std::max({axis.high, *high, timing->seconds.high});
  }
  return axis;
}

Markup strip(const TimeAxis& axis, std::string_view side, const Timing& timing) {
  // More marks than this only blacken the strip.
  constexpr std::size_t kMarks = 500;
  const std::size_t step = (timing.samples.size() + kMarks - 1) / kMarks;
  std::string path;
  for (std::size_t i = 0; i < timing.samples.size(); i += step) {
    path += concat("M", coordinate(axis.at(timing.samples[i])), " 6v12");
  }
  const double low = axis.at(timing.seconds.low);
  Markup html;
  html << "<div class=\"strip\"><dt>" << side << "</dt><dd><svg role=\"img\" aria-label=\"" << side
       << ": " << timing.samples.size() << " times, median " << format_seconds(timing.seconds)
       << "\" viewBox=\"0 0 1000 24\" preserveAspectRatio=\"none\"><rect class=\"span\" x=\""
       << coordinate(low) << "\" y=\"3\" width=\""
       << coordinate(std::max(2.0, axis.at(timing.seconds.high) - low))
       << "\" height=\"18\"/><path class=\"samples\" d=\"" << path
       << "\"/><path class=\"median\" d=\"M" << coordinate(axis.at(timing.seconds.median))
       << " 1v22\"/></svg></dd><dd class=\"num\">" << format_seconds(timing.seconds)
       << "</dd></div>";
  return html;
}

}  // namespace

RatioAxis::RatioAxis(const std::vector<CaseResult>& cases) {
  for (const CaseResult& result : cases) {
    if (!is_judged(result.verdict)) continue;
    const Speed& speed = *result.speed;
    low_ = std::min({low_, std::log2(speed.speedup.low), std::log2(tolerance_low(speed))});
    high_ = std::max({high_, std::log2(speed.speedup.high), std::log2(1 + speed.tolerance)});
  }
  const int first = static_cast<int>(std::ceil(low_));
  const int last = static_cast<int>(std::floor(high_));
  const int step = (last - first) / kMaxTicks + 1;
  // From 0 outwards, because the reference 1 = 2^0 is always labelled.
  for (int i = first / step; i <= last / step; ++i) ticks_.push_back(std::exp2(i * step));
}

double RatioAxis::percent(double ratio) const {
  return kMargin + (100 - 2 * kMargin) * (std::log2(ratio) - low_) / (high_ - low_);
}

Markup verdict_icon(Verdict verdict) {
  Markup svg;
  svg << "<svg class=\"icon " << name_of(verdict)
      << "\" viewBox=\"-7 -7 14 14\" aria-hidden=\"true\">" << mark(verdict) << "</svg>";
  return svg;
}

Markup axis_plot(const RatioAxis& axis) {
  Markup svg;
  svg << "<svg class=\"axis\" aria-hidden=\"true\">";
  for (const double tick : axis.ticks()) {
    svg << "<text x=\"" << coordinate(axis.percent(tick)) << "%\" y=\"11\">" << format_value(tick)
        << "</text>";
  }
  svg << "</svg>";
  return svg;
}

Markup forest_plot(const RatioAxis& axis, const CaseResult& result) {
  const Speed& speed = *result.speed;
  const double band = axis.percent(tolerance_low(speed));
  const double low = axis.percent(speed.speedup.low);
  const double high = axis.percent(speed.speedup.high);
  const double median = axis.percent(speed.speedup.median);
  Markup svg;
  svg << "<svg class=\"forest " << name_of(result.verdict)
      << "\" role=\"img\"><title>Speedup on a logarithmic axis</title><desc>" << description(result)
      << "</desc><rect class=\"band\" x=\"" << coordinate(band) << "%\" width=\""
      << coordinate(axis.percent(1 + speed.tolerance) - band) << "%\" y=\"0\" height=\"100%\"/>";
  for (const double tick : axis.ticks()) {
    svg << vertical_line(tick == 1 ? "reference" : "grid", axis.percent(tick));
  }
  svg << "<line class=\"interval\" x1=\"" << coordinate(low) << "%\" x2=\"" << coordinate(high)
      << "%\" y1=\"50%\" y2=\"50%\"/>";
  for (const double end : {low, high}) {
    svg << "<svg x=\"" << coordinate(end)
        << "%\" y=\"50%\" overflow=\"visible\"><path class=\"interval\" d=\"M0-4V4\"/></svg>";
  }
  svg << "<svg class=\"mark\" x=\"" << coordinate(median) << "%\" y=\"50%\" overflow=\"visible\">"
      << mark(result.verdict) << "</svg></svg>";
  return svg;
}

Markup samples_plot(const Speed& speed) {
  const TimeAxis axis = time_axis(speed);
  Markup html;
  html << "<dl class=\"strips\">" << strip(axis, "baseline", speed.baseline)
       << strip(axis, "candidate", speed.candidate)
       << strip(axis, "baseline again", speed.baseline_again) << "</dl><p class=\"ends\"><span>"
       << format_seconds(axis.low) << "</span><span>" << format_seconds(axis.high) << "</span></p>";
  return html;
}

}  // namespace hadal::bench
