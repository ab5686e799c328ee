#pragma once

#include "hadal/bench/report/report.h"

#include <vector>

namespace hadal::bench {

/// The published figures that Hadal sets out to reproduce, "a" to "h", each with what `cases`
/// measured of it. A figure whose case is absent from `cases` or failed has no `measured`.
std::vector<Claim> claims_of(const std::vector<CaseResult>& cases);

}  // namespace hadal::bench
