#pragma once

#include "hadal/bench/report/report.h"
#include "hadal/bench/runner/case.h"
#include "hadal/bench/runner/rounds.h"

#include <functional>
#include <string_view>

namespace hadal::bench {

/// What a case is doing: "preparing", "measuring quality", "timing"; and of how many rounds the
/// timing has done `done` of about `total` (0 of 0 otherwise).
using StageObserver = std::function<void(std::string_view stage, int done, int total)>;

/// Prepares and measures one case: its quality first, and only where the gate holds memory and
/// speed. Whatever the case throws becomes the verdict `failed` with its message, except for
/// Interrupted, which comes through.
CaseResult measure(const Case& definition, const Context& context, double machine_noise_floor,
                   const RoundsOptions& rounds, const StageObserver& observer);

}  // namespace hadal::bench
