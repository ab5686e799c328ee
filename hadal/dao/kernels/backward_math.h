#pragma once

// What run_pair() needs to store, for fp32. Compiled once an instruction set.
#include "hadal/dao/kernels/backward_pair.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

template <class Products>
struct Fp32Backward : Products {
  static void store_weighed(const PairState& state, int64_t key, int64_t query,
                            const Vector (&weights)[1], const Vector (&score_grads)[1]) {
    store(state.weights + key * kBlock + query, weights[0]);
    store(state.score_grads + key * kBlock + query, score_grads[0]);
  }

  /// Units of one key are rows.
  static const float* score_columns(const PairState& state) { return state.score_grads; }
};

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
