#pragma once

#include "hadal/hpts/precision/plan.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace hadal::hpts {

/// A layer's new plan and why.
struct PlanChange {
  std::int64_t step = 0;  ///< the step whose gradients led to it; it holds from the next one on
  std::string layer;
  LayerPlan from;
  LayerPlan to;
  std::string reason;
  bool operator==(const PlanChange&) const = default;
};

/// What a run's layers did over time, as the policy chose.
struct PlanHistory {
  std::string policy;
  std::vector<std::string> layers;       ///< in the model's order
  std::vector<LayerPlan> start;          ///< of each layer, before the first change
  std::vector<PlanChange> changes = {};  ///< in the order of steps
  std::int64_t steps = 0;                ///< one more than the last step observed
  bool operator==(const PlanHistory&) const = default;
};

/// How many layers compute in each precision and save in each format, from `step` on, indexed as
/// the enumerations are.
struct PlanCounts {
  std::int64_t step = 0;
  std::array<std::int64_t, 3> compute{};
  std::array<std::int64_t, 3> saved{};
  bool operator==(const PlanCounts&) const = default;
};

/// The counts at the start and after each step that changed something. `history` has to be sound.
std::vector<PlanCounts> counts_over_time(const PlanHistory& history);

/// Throws InvalidArgument, naming the place, where `history` contradicts itself: layers that come
/// twice, a start for more or fewer of them, a change of an unknown layer, from a plan that the
/// layer did not have, or out of order.
void validate(const PlanHistory& history);

/// What a run's plan looks like as text: for each layer what it was chosen to do at the end and how
/// often that changed, then the counts over time, a line each, and the changes with their reasons.
/// `ran_fp16` is what fp16 was computed in.
std::string history_text(const PlanHistory& history, Precision ran_fp16);

}  // namespace hadal::hpts
