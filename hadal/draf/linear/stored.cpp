#include "hadal/draf/linear/stored.h"

#include "hadal/draf/linear/kernels/dot.h"
#include "hadal/draf/linear/kernels/tiles.h"
#include "hadal/draf/linear/run.h"

#include <algorithm>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

namespace hadal::draf {
namespace kernels {
constexpr IsaTable kDotFp32 = HADAL_ISA_TABLE_OF(dot_fp32, avx2, avx512);
constexpr IsaTable kDotBf16 = HADAL_ISA_TABLE_OF(dot_bf16, avx2, avx512, avx512_bf16);
}  // namespace kernels

namespace {

#if defined(__x86_64__)
at::Tensor packed_rows(const at::Tensor& x) {
  const std::int64_t rows = x.size(0);
  const std::int64_t depth = x.size(1);
  const std::int64_t groups = (rows + kernels::kTileRows - 1) / kernels::kTileRows;
  const at::Tensor packed = at::empty({groups, kernels::kTileRows * depth}, x.options());
  auto* to = static_cast<std::uint16_t*>(packed.mutable_data_ptr());
  const auto* from = static_cast<const std::uint16_t*>(x.const_data_ptr());
  share_out(groups, static_cast<double>(kernels::kTileRows * depth),
            [&](std::int64_t first, std::int64_t last) {
              kernels::amx::pack_rows(from, rows, depth, first, last, to);
            });
  return packed;
}

/// Outputs that a thread takes at a time: many rows share what is done for several panels.
std::int64_t outputs_at_once(std::int64_t rows, std::int64_t outputs) {
  if (rows <= kernels::kFewRows) return kernels::kTileOutputs;
  constexpr std::int64_t kPartsAThread = 4;
  const std::int64_t panels = outputs / kernels::kTileOutputs;
  return kernels::kTileOutputs *
         std::clamp<std::int64_t>(panels / (kPartsAThread * at::get_num_threads()), 1,
                                  kernels::kTilesPanels);
}

/// bf16 weights times rows of activations, by tiles.
at::Tensor multiply_in_tiles(const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& bias) {
  const std::int64_t rows = x.size(0);
  const std::int64_t depth = x.size(1);
  const std::int64_t outputs = weight.size(0);
  const at::Tensor packed = packed_rows(x);
  at::Tensor y = at::empty({rows, outputs}, x.options());
  const std::int64_t part = outputs_at_once(rows, outputs);
  share_out((outputs + part - 1) / part, static_cast<double>(part * depth * (rows + 2)),
            [&](std::int64_t first, std::int64_t last) {
              const at::Tensor weights =
                  at::empty({kernels::tiles_scratch_elements(rows, depth)}, x.options());
              const at::Tensor sums = at::empty({kernels::tiles_scratch_floats(rows)}, at::kFloat);
              kernels::amx::multiply_tiles(
                  {.x = static_cast<const std::uint16_t*>(packed.const_data_ptr()),
                   .weight = static_cast<const std::uint16_t*>(weight.const_data_ptr()),
                   .bias = bias.defined() ? bias.const_data_ptr<float>() : nullptr,
                   .rows = rows,
                   .depth = depth,
                   .outputs = outputs,
                   .first = first * part,
                   .last = std::min(last * part, outputs),
                   .y = static_cast<std::uint16_t*>(y.mutable_data_ptr()),
                   .weights = static_cast<std::uint16_t*>(weights.mutable_data_ptr()),
                   .sums = sums.mutable_data_ptr<float>()});
            });
  return y;
}

/// Whether tiles multiply these weights: always or never, so that a row's bits do not depend on the
/// rows beside it.
bool takes_tiles(const at::Tensor& weight) {
  return weight.scalar_type() == at::kBFloat16 && weight.size(1) % kernels::kTileDepth == 0 &&
         isa() >= Isa::amx;
}
#endif

}  // namespace

StoredLinear::StoredLinear(at::Tensor weight, at::Tensor bias)
    : weight_(std::move(weight)), bias_(std::move(bias)) {}

at::Tensor StoredLinear::operator()(const at::Tensor& x) const {
  using kernels::kPanel;
  const at::ScalarType type = weight_.scalar_type();
  check_activations(x, inputs(), type);
  const std::int64_t rows = x.size(0);
#if defined(__x86_64__)
  if (takes_tiles(weight_)) return multiply_in_tiles(x, weight_, bias_);
#endif
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
