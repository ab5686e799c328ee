#pragma once

// What run_pair() needs to store, for bf16. For AVX512_BF16 only.
#include "hadal/dao/kernels/backward_pair.h"
#include "hadal/dao/kernels/products_bf16.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

template <class Products>
struct Bf16Backward : Products {
  static void store_row(float* to, int64_t key, int64_t query, __m256i row) {
    auto* elements = reinterpret_cast<uint16_t*>(to) + key * kBlock + query;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(elements), row);
  }

  static void store_weighed(const PairState& state, int64_t key, int64_t query,
                            const Vector (&weights)[2], const Vector (&score_grads)[2]) {
    const __m256i even = Products::rounded(score_grads[0]);
    const __m256i odd = Products::rounded(score_grads[1]);
    store_row(state.weights, key, query, Products::rounded(weights[0]));
    store_row(state.weights, key + 1, query, Products::rounded(weights[1]));
    store_row(state.score_grads, key, query, even);
    store_row(state.score_grads, key + 1, query, odd);
    const __m512i pairs = _mm512_or_si512(_mm512_cvtepu16_epi32(even),
                                          _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
    _mm512_storeu_si512(state.score_columns + key / 2 * kBlock + query, pairs);
  }

  static const float* score_columns(const PairState& state) { return state.score_columns; }
};

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
