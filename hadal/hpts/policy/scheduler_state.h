#pragma once

#include "hadal/hpts/policy/steady.h"
#include "hadal/hpts/precision/history.h"

#include <string>
#include <string_view>
#include <vector>

namespace hadal::hpts {

/// What PrecisionScheduler remembers.
struct SchedulerState {
  std::vector<SteadyPlan> layers;  ///< in the order of the history's
  PlanHistory history;
};

std::string to_json(const SchedulerState& state);

/// What to_json() wrote. Throws FormatError, naming `place` and the member, also where layers and
/// history contradict each other.
SchedulerState scheduler_state_from_json(std::string_view text, const std::string& place);

}  // namespace hadal::hpts
