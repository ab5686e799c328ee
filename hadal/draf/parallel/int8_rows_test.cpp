#include "hadal/draf/parallel/int8_rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

TEST(Int8Rows, AddUpToWithinTheirRounding) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor a = (at::randn({70, 37}) * 5).to(type);
    const at::Tensor b = at::randn({70, 37}).to(type);
    const at::Tensor sum = at::empty_like(a);
    add_up_rows(at::stack({int8_rows(a), int8_rows(b)}), sum);
    const at::Tensor bound = (a.abs().amax(1, true) + b.abs().amax(1, true)).to(at::kDouble) / 254;
    const at::Tensor exact = a.to(at::kDouble) + b.to(at::kDouble);
    // bf16 rounds the sum once more.
    const at::Tensor rounding =
        (exact.abs() + bound) * (type == at::kFloat ? 1e-6 : 1.0 / 256) + 1e-6;
    EXPECT_TRUE(((sum.to(at::kDouble) - exact).abs() <= bound + rounding).all().item<bool>());
  }
}

TEST(Int8Rows, KeepZeros) {
  const at::Tensor sum = at::randn({3, 5});
  add_up_rows(int8_rows(at::zeros({3, 5})).unsqueeze(0), sum);
  EXPECT_TRUE(sum.equal(at::zeros({3, 5})));
}

}  // namespace
}  // namespace hadal::draf
