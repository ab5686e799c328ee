#include "hadal/hpts/policy/subnormals.h"

#include <cmath>
#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <c10/core/GradMode.h>

namespace hadal::hpts {
namespace {

/// Whether a product of `factor`, a power of 2, and 2^`exponent` is lost in a matrix product.
/// Powers are made from bits or by conversion of integers, as arithmetic may flush them.
bool is_lost(double factor, int exponent, at::ScalarType type) {
  // As large as products in training are, to take the same code.
  constexpr std::int64_t kSize = 64;
  const at::Tensor a = at::full({kSize, kSize}, factor, type);
  const at::Tensor b = at::eye(kSize, type).mul_(std::ldexp(1.0, exponent));
  const at::Tensor product = at::mm(a, b);
  // Bits, because a comparison may take a subnormal number for zero too.
  return type == at::kFloat ? product.view(at::kInt).eq(0).any().item<bool>()
                            : product.view(at::kShort).eq(0).any().item<bool>();
}

/// Subnormal factors, whose products are normal; and normal ones with a subnormal product.
bool flushes(at::ScalarType type, int smallest_normal) {
  return is_lost(std::ldexp(1.0, smallest_normal - 2), 8, type) ||
         is_lost(std::ldexp(1.0, smallest_normal + 6), -8, type);
}

}  // namespace

SubnormalFlush probe_subnormals() {
  const c10::NoGradGuard no_grad;
  return {.fp32 = flushes(at::kFloat, -126),
          .bf16 = flushes(at::kBFloat16, -126),
          .fp16 = flushes(at::kHalf, -14)};
}

}  // namespace hadal::hpts
