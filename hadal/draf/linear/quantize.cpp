#include "hadal/draf/linear/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <c10/util/BFloat16.h>

namespace hadal::draf {
namespace {

using kernels::kBlockInputs;
using kernels::kGroup;
using kernels::kQuads;

using c10::detail::f32_from_bits;

/// To nearest, ties away from zero.
std::uint16_t bf16_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return static_cast<std::uint16_t>((bits + 0x8000U) >> 16);
}

int code4(float x, float scale) {
  if (scale == 0) return 8;
  return static_cast<int>(std::clamp(std::nearbyint(x / scale), -8.0F, 7.0F)) + 8;
}

double squared_error(const float* values, float scale) {
  double error = 0;
  for (std::int64_t i = 0; i < kBlockInputs; ++i) {
    const double miss = values[i] - static_cast<float>(code4(values[i], scale) - 8) * scale;
    error += miss * miss;
  }
  return error;
}

/// The scale with the least squared error of those near the one that takes the largest value to the
/// end of the codes, which reach further below zero than above.
std::uint16_t scale4(const float* values) {
  float extreme = 0;
  for (std::int64_t i = 0; i < kBlockInputs; ++i) {
    if (std::fabs(values[i]) > std::fabs(extreme)) extreme = values[i];
  }
  std::uint16_t best = bf16_of(extreme / -8);
  double least = squared_error(values, f32_from_bits(best));
  for (const float end : {-9.0F, -8.5F, -7.5F, -7.0F, 7.0F, 7.5F}) {
    const std::uint16_t scale = bf16_of(extreme / end);
    const double error = squared_error(values, f32_from_bits(scale));
    if (error < least) {
      least = error;
      best = scale;
    }
  }
  return best;
}

/// Where a byte of an output's inputs of quad `quad` begins.
template <class Codes>
auto* quad_of(Codes& codes, std::int64_t quad, std::int64_t output) {
  return codes[quad] + 4 * output;
}

}  // namespace

void quantize_group(const float* group, std::int64_t inputs, kernels::Int4Block* to) {
  for (std::int64_t b = 0; b < inputs / kBlockInputs; ++b) {
    for (std::int64_t o = 0; o < kGroup; ++o) {
      const float* values = group + o * inputs + b * kBlockInputs;
      to[b].scales[o] = scale4(values);
      const float scale = f32_from_bits(to[b].scales[o]);
      constexpr std::int64_t kHalf = kBlockInputs / 2;
      for (std::int64_t i = 0; i < kHalf; ++i) {
        quad_of(to[b].codes, i / 4, o)[i % 4] = static_cast<std::uint8_t>(
            code4(values[i], scale) | code4(values[i + kHalf], scale) << 4);
      }
    }
  }
}

void quantize_group(const float* group, std::int64_t inputs, kernels::Int8Block* to,
                    float* scales) {
  for (std::int64_t o = 0; o < kGroup; ++o) {
    const float* values = group + o * inputs;
    float largest = 0;
    for (std::int64_t i = 0; i < inputs; ++i) largest = std::max(largest, std::fabs(values[i]));
    scales[o] = largest / 127;
    const float steps = largest > 0 ? 127 / largest : 0;
    for (std::int64_t i = 0; i < inputs; ++i) {
      quad_of(to[i / kBlockInputs].codes, i % kBlockInputs / 4, o)[i % 4] =
          static_cast<std::int8_t>(std::nearbyint(values[i] * steps));
    }
  }
}

void dequantize_group(const kernels::Int4Block* from, std::int64_t inputs, float* group) {
  for (std::int64_t o = 0; o < kGroup; ++o) {
    for (std::int64_t i = 0; i < inputs; ++i) {
      const kernels::Int4Block& block = from[i / kBlockInputs];
      const std::int64_t quad = i % kBlockInputs / 4;
      const int codes = quad_of(block.codes, quad % (kQuads / 2), o)[i % 4];
      const int code = quad < kQuads / 2 ? codes & 15 : codes >> 4;
      group[o * inputs + i] = static_cast<float>(code - 8) * f32_from_bits(block.scales[o]);
    }
  }
}

void dequantize_group(const kernels::Int8Block* from, const float* scales, std::int64_t inputs,
                      float* group) {
  for (std::int64_t o = 0; o < kGroup; ++o) {
    for (std::int64_t i = 0; i < inputs; ++i) {
      const int code = quad_of(from[i / kBlockInputs].codes, i % kBlockInputs / 4, o)[i % 4];
      group[o * inputs + i] = static_cast<float>(code) * scales[o];
    }
  }
}

}  // namespace hadal::draf
