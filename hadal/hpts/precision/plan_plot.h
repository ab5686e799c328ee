#pragma once

#include "hadal/hpts/precision/history.h"

#include <string>

namespace hadal::hpts {

/// A self-contained HTML fragment (a <figure> with its own style): for compute and for saved one
/// SVG with steps from left to right and layers, in the model's order, from top to bottom, coloured
/// by what the policy chose. Readable in print without colours, as bolder choices are lighter, and
/// on dark pages. `history` has to be sound. `ran_fp16` is what fp16 was computed in.
std::string plan_plot(const PlanHistory& history, Precision ran_fp16);

/// plan_plot() as a page of its own.
std::string plan_page(const PlanHistory& history, Precision ran_fp16);

}  // namespace hadal::hpts
