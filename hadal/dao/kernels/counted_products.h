#pragma once

#include "hadal/dao/kernels/counted.h"
#include "hadal/dao/kernels/products.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

/// `Products` that count each element of a tile times each that is summed over.
template <class Products>
struct Counted : Products {
  typedef typename Products::Unit Unit;

  static inline void multiply(Tile& tile, const Unit* a, int64_t a_stride, const Unit* b,
                              int64_t b_stride, int64_t depth) {
    Products::multiply(tile, a, a_stride, b, b_stride, depth);
    __atomic_fetch_add(&counted_multiply_adds,
                       int64_t{kTileRows} * kTileColumns * depth * Products::kGroup,
                       __ATOMIC_RELAXED);
  }
};

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
