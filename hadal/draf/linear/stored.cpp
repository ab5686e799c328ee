#include "hadal/draf/linear/stored.h"

#include "hadal/draf/linear/kernels/dot.h"
#include "hadal/draf/linear/run.h"

#include <algorithm>
#include <utility>

#include <ATen/ops/empty.h>

namespace hadal::draf {
namespace kernels {
constexpr IsaTable kDotFp32 = HADAL_ISA_TABLE_OF(dot_fp32, avx2, avx512);
constexpr IsaTable kDotBf16 = HADAL_ISA_TABLE_OF(dot_bf16, avx2, avx512, avx512_bf16);
}  // namespace kernels

StoredLinear::StoredLinear(at::Tensor weight, at::Tensor bias)
    : weight_(std::move(weight)), bias_(std::move(bias)) {}

at::Tensor StoredLinear::operator()(const at::Tensor& x) const {
  using kernels::kPanel;
  const at::ScalarType type = weight_.scalar_type();
  check_activations(x, inputs(), type);
  const std::int64_t rows = x.size(0);
  const at::Tensor y = at::empty({rows, outputs()}, at::kFloat);
  const auto kernel = (type == at::kFloat ? kernels::kDotFp32 : kernels::kDotBf16).best();
  const double cost = static_cast<double>(kPanel * inputs() * (rows + weight_.element_size()));
  share_out((outputs() + kPanel - 1) / kPanel, cost, [&](std::int64_t first, std::int64_t last) {
    const at::Tensor scratch = at::empty({kernels::dot_scratch_floats(rows, inputs())}, at::kFloat);
    kernel({.x = x.const_data_ptr(),
            .weight = weight_.const_data_ptr(),
            .rows = rows,
            .depth = inputs(),
            .first = first * kPanel,
            .last = std::min(last * kPanel, outputs()),
            .y = y.mutable_data_ptr<float>(),
            .y_stride = outputs(),
            .scratch = scratch.mutable_data_ptr<float>()});
  });
  return finish(y, bias_, outputs(), type);
}

}  // namespace hadal::draf
