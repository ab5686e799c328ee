#pragma once

#include "hadal/core/isa.h"
#include "hadal/hpts/optimizer/kernels/step.h"

namespace hadal::hpts::kernels {

// Each works on blocks `first` to `last` of kBlock elements, all of which may be worked on at once.

/// Does the step: one pass over gradient, weight and state.
HADAL_ISA_DECLARE(void update(const Step& step, int64_t first, int64_t last);)

/// Reads the moments as floats into `means` and `squares` [state.count]; null: not wanted.
HADAL_ISA_DECLARE(void read_moments(const State& state, int64_t first, int64_t last, float* means,
                                    float* squares);)

/// Writes moments from `means` and `squares` [state.count]; null: zeros.
HADAL_ISA_DECLARE(void write_moments(const State& state, int64_t first, int64_t last,
                                     const float* means, const float* squares);)

}  // namespace hadal::hpts::kernels
