#include "hadal/msp/audit/html_backdoor.h"

#include "hadal/core/error.h"
#include "hadal/msp/audit/picture.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace hadal::msp {
namespace {

constexpr std::size_t kMostRows = 20;

std::string rounded(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

Markup trigger_cells(const ReversedTrigger& trigger, double index, const std::string& label) {
  Markup html;
  html << "<td><img class=\"trigger\" alt=\"" << label << "\" src=\"data:image/png;base64,"
       << base64(png_of(trigger.picture)) << "\"></td><td class=\"num\">"
       << rounded("%.2f", trigger.size) << "</td><td class=\"num\">"
       << rounded("%.0f %%", 100 * trigger.success) << "</td><td class=\"num\">"
       << rounded("%.1f", index) << "</td>";
  return html;
}

/// The suspect, and then the others by their index.
std::vector<std::size_t> order_of(const BackdoorScan& scan) {
  std::vector<std::size_t> order(scan.classes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t k) {
    return std::pair(k == scan.suspect, scan.classes[k].index());
  });
  order.resize(std::min(order.size(), kMostRows));
  return order;
}

Markup summary(const BackdoorScan& scan) {
  Markup html;
  html << "<p>" << scan.architecture << " of " << scan.classes.size() << " classes, run on "
       << scan.images << " images. ";
  if (scan.decision) {
    html << "The chance that a clean model has a trigger as small for its size is <strong>p = "
         << rounded("%.3g", scan.decision->p) << "</strong>, by " << scan.clean_models
         << " clean models.";
  } else {
    html << "No clean models were given, without which an anomaly index above 2 says little: it "
            "comes up in many a clean model.";
  }
  return html << "</p>\n";
}

}  // namespace

Markup backdoor_section(const BackdoorScan& scan) {
  Markup html;
  html << "<section aria-labelledby=\"triggers\"><h2 id=\"triggers\">Triggers</h2>" << summary(scan)
       << "<p class=\"muted\">The smallest found for each class. A mask replaces pixels (size: "
          "their "
          "number); a change is added to all (size: its norm; grey is none). Turned: images of "
          "other classes.</p>"
       << "<div class=\"scroll\" tabindex=\"0\"><table class=\"triggers\"><thead><tr>"
       << "<th scope=\"col\">Class</th>";
  for (const std::string kind : {"Mask", "Change"}) {
    html << "<th scope=\"col\">" << kind << "</th>";
    for (const std::string name : {"Size", "Turned", "Anomaly index"}) {
      html << "<th scope=\"col\" class=\"num\">" << name << "</th>";
    }
  }
  html << "</tr></thead><tbody>\n";
  for (const std::size_t k : order_of(scan)) {
    const ClassScan& one = scan.classes[k];
    html << "<tr><th scope=\"row\">" << k;
    if (k == scan.suspect && scan.finds_backdoor()) {
      html << " <span class=\"badge error\">backdoor</span>";
    }
    html << "</th>"
         << trigger_cells(one.mask, one.mask_index, concat("Mask and pattern for class ", k))
         << trigger_cells(one.change, one.change_index, concat("Change for class ", k))
         << "</tr>\n";
  }
  return html << "</tbody></table></div></section>\n";
}

}  // namespace hadal::msp
