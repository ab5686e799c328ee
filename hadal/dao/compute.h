#pragma once

#include "hadal/core/isa.h"
#include "hadal/dao/attention.h"
#include "hadal/dao/kernels/forward.h"

#include <cmath>

namespace hadal::dao {

/// The type that products of inputs of `type` are computed in: bf16 where the processor has
/// AVX512_BF16, else fp32.
inline at::ScalarType product_type(at::ScalarType type) {
#if defined(__x86_64__)
  if (type == at::kBFloat16 && isa() >= Isa::avx512_bf16) return type;
#endif
  return at::kFloat;
}

/// The head size that kernels work with.
inline std::int64_t padded_head(std::int64_t head_dim) {
  return (head_dim + kernels::kHeadStep - 1) / kernels::kHeadStep * kernels::kHeadStep;
}

inline double scale_of(const AttentionOptions& options, std::int64_t head_dim) {
  return options.scale.value_or(1 / std::sqrt(static_cast<double>(head_dim)));
}

}  // namespace hadal::dao
