#pragma once

// Products over the pairs that see each other only, for blocks that are visible in part while
// something is not finite: there, products of whole blocks would multiply it by zero weights, which
// gives NaN. Sums run in the same order. Compiled once an instruction set.
#include "hadal/dao/kernels/forward.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

/// A bit for each of the first `count` of kBlock.
inline uint64_t first_bits(int64_t count) {
  if (count <= 0) return 0;
  return count >= kBlock ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

/// Adds `weight` times row `row` of `rows`, packed as Packed::values with `columns` columns, to
/// `to`.
template <class Products>
void add_row(float* to, float weight, const void* rows, int64_t row, int64_t columns) {
  constexpr int64_t kGroup = Products::kGroup;
  const int64_t first = row / kGroup * columns * kGroup + row % kGroup;
  for (int64_t i = 0; i < columns; ++i) {
    to[i] += weight * Products::element(rows, first + i * kGroup);
  }
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
