#pragma once

#include "hadal/core/isa.h"

#include <cstdint>

namespace hadal::draf::kernels {

// What a decoder's block does between its matrix products, over dense rows. `is_bf16` says whether
// activations are bf16 or fp32; all is computed in fp32.
HADAL_ISA_DECLARE(
    // stream[row] += delta[row] where there is one; out[row] = RMSNorm(stream[row]) * weight
    // (Zhang and Sennrich, 2019). stream is fp32 [rows, dim], delta and out are activations.
    void add_norm(float* stream, const void* delta, const float* weight, float epsilon, void* out,
                  std::int64_t rows, std::int64_t dim, bool is_bf16);
    // Turns each head of activations [rows, heads, head_dim] in place, in the half-split layout, by
    // the angles of its row: cosine and sine [rows, head_dim / 2]. Where there is a `weight`
    // [head_dim], each head is normalized by RMSNorm first.
    void turn(void* activations, const float* cosine, const float* sine, const float* weight,
              float epsilon, std::int64_t rows, std::int64_t heads, std::int64_t head_dim,
              bool is_bf16);
    // gate[i] = gate[i] * sigmoid(gate[i]) * up[i] (SwiGLU; Shazeer, 2020).
    void gate(void* gate, const void* up, std::int64_t size, bool is_bf16);)

inline constexpr IsaTable kAddNorm = HADAL_ISA_TABLE(add_norm);
inline constexpr IsaTable kTurn = HADAL_ISA_TABLE(turn);
inline constexpr IsaTable kGate = HADAL_ISA_TABLE(gate);

}  // namespace hadal::draf::kernels
