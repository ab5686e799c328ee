#pragma once

#include "hadal/core/isa.h"

#include <stdint.h>

namespace hadal::hpts::kernels {

/// A run of a gradient's elements, float or bf16.
struct Run {
  void* values;
  bool is_bf16;
  int64_t count;
};

/// The sum of squares in double, which is finite if and only if all elements are.
HADAL_ISA_DECLARE(double square_sum(const Run& run);)
/// Multiplies the elements by `factor`. Returns the sum of their squares before.
HADAL_ISA_DECLARE(double scale(const Run& run, float factor);)
/// Limits the elements to -limit .. limit. NaN stays.
HADAL_ISA_DECLARE(void clamp(const Run& run, float limit);)

}  // namespace hadal::hpts::kernels
