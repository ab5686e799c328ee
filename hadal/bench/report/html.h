#pragma once

#include "hadal/bench/report/report.h"

#include <string>

namespace hadal::bench {

/// The report as one HTML file that needs no network and works without JavaScript: verdicts by
/// module and domain, all cases in a table with a forest plot of their speedups, the details of
/// each case, the published figures, and the environment. Every text of the report is escaped, and
/// a content security policy lets only the file's own style and script run. Throws InvalidArgument
/// where validate() refuses the report.
std::string to_html(const Report& report);

}  // namespace hadal::bench
