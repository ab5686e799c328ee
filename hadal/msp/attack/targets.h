#pragma once

#include "hadal/msp/attack/problem.h"

namespace hadal::msp {

/// How many of `wanted` other classes the problem's classifier has. Throws InvalidArgument where
/// its goal has targets of its own.
int target_count(const Problem& problem, int wanted);

/// int64 [n]: the class that comes at place `rank`, from 0, in the logits of each clean input when
/// its label is left out.
at::Tensor ranked_target(const Problem& problem, int rank);

}  // namespace hadal::msp
