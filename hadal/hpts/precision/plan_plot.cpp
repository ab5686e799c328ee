#include "hadal/hpts/precision/plan_plot.h"

#include "hadal/core/columns.h"
#include "hadal/core/markup.h"
#include "plan_plot_assets.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <string_view>
#include <vector>

namespace hadal::hpts {
namespace {

// All in the units of the SVG, which are pixels where it is shown in its natural size.
constexpr double kNames = 150;  // the column of layers' names, left of the plot
constexpr double kPlot = 420;   // its width
constexpr double kBelow = 34;   // the axis below it
constexpr double kFontSize = 11;

struct Size {
  double row;
  double height;
};

Size size_of(std::size_t layers) {
  const double count = static_cast<double>(std::max<std::size_t>(layers, 1));
  const double row = std::clamp(640 / count, 2.0, 18.0);
  return {.row = row, .height = row * count};
}

/// What a layer did from one step to another.
template <class Choice>
struct Span {
  std::int64_t from;
  std::int64_t to;
  Choice choice;
};

/// The spans of each layer, equal neighbours joined, up to the last step.
template <class Choice>
std::vector<std::vector<Span<Choice>>> spans_of(const PlanHistory& history,
                                                Choice LayerPlan::* choice) {
  std::vector<std::vector<Span<Choice>>> spans(history.layers.size());
  std::map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    index[history.layers[i]] = i;
    spans[i].push_back({0, history.steps, history.start[i].*choice});
  }
  for (const PlanChange& change : history.changes) {
    auto& layer = spans[index.at(change.layer)];
    if (layer.back().choice == change.to.*choice) continue;
    layer.back().to = change.step + 1;
    layer.push_back({change.step + 1, history.steps, change.to.*choice});
  }
  return spans;
}

double x_of(std::int64_t step, const PlanHistory& history) {
  const auto steps = static_cast<double>(std::max<std::int64_t>(history.steps, 1));
  return kNames + kPlot * static_cast<double>(step) / steps;
}

/// A name that fits its column.
std::string short_name(const std::string& name) {
  constexpr std::size_t kColumns = 22;
  if (name.empty()) return "(the model)";
  return columns_of(name) > kColumns ? fit(name, kColumns) : name;
}

/// As many names as there is room for.
Markup names(const PlanHistory& history, const Size& size) {
  Markup svg;
  const auto every = static_cast<std::size_t>(std::max(1.0, std::ceil((kFontSize + 2) / size.row)));
  for (std::size_t i = 0; i < history.layers.size(); i += every) {
    svg << "<text class=\"name\" x=\"" << coordinate(kNames - 6) << "\" y=\""
        << coordinate((static_cast<double>(i) + 0.5) * size.row + kFontSize * 0.35) << "\">"
        << short_name(history.layers[i]) << "</text>";
  }
  return svg;
}

Markup axis(const PlanHistory& history, const Size& size) {
  constexpr int kTicks = 4;
  Markup svg;
  for (int tick = 0; tick <= kTicks; ++tick) {
    const std::int64_t step =
        history.steps / kTicks * tick + history.steps % kTicks * tick / kTicks;
    const std::string x = coordinate(x_of(step, history));
    svg << "<path class=\"tick\" d=\"M" << x << " " << coordinate(size.height) << "v4\"/><text x=\""
        << x << "\" y=\"" << coordinate(size.height + 16) << "\">" << step << "</text>";
  }
  return svg << "<text x=\"" << coordinate(kNames + kPlot / 2) << "\" y=\""
             << coordinate(size.height + 31) << "\">step</text>";
}

template <class Choice>
Markup plot(const PlanHistory& history, Choice LayerPlan::* choice, std::string_view title) {
  const Size size = size_of(history.layers.size());
  const auto spans = spans_of(history, choice);
  Markup svg;
  svg << "<svg role=\"img\" viewBox=\"0 0 " << coordinate(kNames + kPlot + 20) << " "
      << coordinate(size.height + kBelow) << "\"><title>" << title << "</title><desc>"
      << history.layers.size() << " layers over " << history.steps << " steps</desc>";
  for (std::size_t i = 0; i < spans.size(); ++i) {
    for (const auto& span : spans[i]) {
      const double x = x_of(span.from, history);
      svg << "<rect class=\"" << name_of(span.choice) << "\" x=\"" << coordinate(x) << "\" y=\""
          << coordinate(static_cast<double>(i) * size.row) << "\" width=\""
          << coordinate(x_of(span.to, history) - x) << "\" height=\"" << coordinate(size.row)
          << "\"><title>" << history.layers[i] << ": " << name_of(span.choice) << ", steps "
          << span.from << " to " << span.to << "</title></rect>";
    }
  }
  return svg << names(history, size) << axis(history, size) << "</svg>";
}

template <class Choice>
Markup panel(const PlanHistory& history, Choice LayerPlan::* choice, std::string_view title,
             std::initializer_list<Choice> choices, Precision ran_fp16) {
  Markup html;
  html << "<div class=\"panel\"><h3>" << title << "</h3><p class=\"key\">";
  for (const Choice one : choices) {
    html << "<span><i class=\"" << name_of(one) << "\"></i>" << name_of(one);
    if (name_of(one) == "fp16" && ran_fp16 != Precision::fp16) {
      html << " (runs in " << name_of(ran_fp16) << ")";
    }
    html << "</span>";
  }
  return html << "</p>" << plot(history, choice, title) << "</div>";
}

Markup figure(const PlanHistory& history, Precision ran_fp16) {
  Markup html;
  html << "<figure class=\"plan-plot\"><style>";
  html.append_trusted(embedded::plan_plot_css);
  html << "</style><figcaption>What each layer was chosen to do by the policy <b>" << history.policy
       << "</b>: " << history.layers.size() << " layers, " << history.steps << " steps, "
       << history.changes.size()
       << " changes. Layers from top to bottom in the model's order.</figcaption>"
       << "<div class=\"panels\">"
       << panel(history, &LayerPlan::compute, "Computes in",
                {Precision::fp32, Precision::bf16, Precision::fp16}, ran_fp16)
       << panel(history, &LayerPlan::saved, "Saves for backward as",
                {SavedFormat::exact, SavedFormat::bf16, SavedFormat::int8_blocks}, ran_fp16)
       << "</div></figure>";
  return html;
}

}  // namespace

std::string plan_plot(const PlanHistory& history, Precision ran_fp16) {
  return figure(history, ran_fp16).html();
}

std::string plan_page(const PlanHistory& history, Precision ran_fp16) {
  Markup html;
  html << "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
       << "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
       << "<title>Precision plan</title></head><body class=\"plan-page\"><h1>Precision plan</h1>"
       << figure(history, ran_fp16) << "</body></html>\n";
  return html.html();
}

}  // namespace hadal::hpts
