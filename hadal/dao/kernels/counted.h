#pragma once

// The kernels with a counter of what they multiply, for tests. Plain types only.
#include "hadal/dao/kernels/backward.h"

namespace hadal::dao::kernels {

/// Multiply-adds since it was last set, of all threads.
extern int64_t counted_multiply_adds;

}  // namespace hadal::dao::kernels
