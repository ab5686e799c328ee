#include "hadal/draf/linear/kernels/activations.h"

#include "hadal/draf/linear/kernels/element.h"

namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE {
namespace {

using vectors::HADAL_ISA_NAMESPACE::Integers;
using vectors::HADAL_ISA_NAMESPACE::larger;
using vectors::HADAL_ISA_NAMESPACE::largest;
using vectors::HADAL_ISA_NAMESPACE::sum;
typedef int8_t Codes __attribute__((vector_size(kWidth)));

constexpr int kVectors = kBlockInputs / kWidth;

/// What a block's codes are to be multiplied by, and their sum.
struct Quantized {
  float scale;
  int32_t sum;
};

Quantized quantize_block(const uint16_t* from, int8_t* codes) {
  Vector x[kVectors];
  Vector most{};
  Vector nothing{};  // or NaN, where a value is not finite
  for (int v = 0; v < kVectors; ++v) {
    x[v] = Bf16::load(from + v * kWidth);
    most = larger(larger(x[v], -x[v]), most);
    nothing += x[v] * 0.0F;
  }
  const float magnitude = largest(most);
  const float none = sum(nothing);
  const bool scaled = magnitude > 0 && none == 0;
  const float steps = scaled ? 127.0F / magnitude : 0.0F;
  Vector total{};
  for (int v = 0; v < kVectors; ++v) {
    constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves no bits for a fraction
    const Vector code = scaled ? x[v] * steps + kRound - kRound : Vector{};
    const Codes bytes = __builtin_convertvector(__builtin_convertvector(code, Integers), Codes);
    __builtin_memcpy(codes + v * kWidth, &bytes, sizeof bytes);
    total += code;
  }
  return {magnitude / 127.0F + none, static_cast<int32_t>(sum(total))};
}

}  // namespace

void quantize_row(const uint16_t* from, int64_t blocks, ActivationBlock* to) {
  for (int64_t b = 0; b < blocks; ++b) {
    const Quantized block = quantize_block(from + b * kBlockInputs, to[b].codes);
    to[b].scale = block.scale;
    to[b].sum = block.sum;
  }
}

void quantize_rows(const uint16_t* from, int64_t rows, int64_t blocks, ActivationTile* to) {
  for (int64_t b = 0; b < blocks; ++b) {
    for (int64_t r = 0; r < rows; ++r) {
      const uint16_t* x = from + (r * blocks + b) * kBlockInputs;
      to[b].scales[r] = quantize_block(x, to[b].codes[r]).scale;
    }
    for (int64_t r = rows; r < kActivationRows; ++r) {
      to[b].scales[r] = 0;
      __builtin_memset(to[b].codes[r], 0, sizeof to[b].codes[r]);
    }
  }
}

}  // namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE
