#include "hadal/draf/linear/quantized.h"

#include "hadal/core/error.h"
#include "hadal/draf/linear/kernels/block_tiles.h"
#include "hadal/draf/linear/quantize.h"
#include "hadal/draf/linear/run.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros.h>

namespace hadal::draf {
namespace kernels {
constexpr IsaTable kQuantizeRow = HADAL_ISA_TABLE_OF(quantize_row, avx2, avx512);
constexpr IsaTable kInt4 = HADAL_ISA_TABLE_OF(blocks_int4, avx2, avx512, avx512_bf16);
constexpr IsaTable kInt8 = HADAL_ISA_TABLE_OF(blocks_int8, avx2, avx512, avx512_bf16);
}  // namespace kernels

namespace {

using kernels::ActivationBlock;
using kernels::Int4Block;
using kernels::Int8Block;
using kernels::kBlockInputs;
using kernels::kGroup;

std::int64_t block_bytes(WeightFormat format) {
  return format == WeightFormat::int4 ? sizeof(Int4Block) : sizeof(Int8Block);
}

std::int64_t groups_of(std::int64_t outputs) { return (outputs + kGroup - 1) / kGroup; }

/// Calls quantize(first, last) for groups of rows of activations that have so many inputs.
void share_out_rows(std::int64_t groups, std::int64_t inputs,
                    const std::function<void(std::int64_t first, std::int64_t last)>& quantize) {
  share_out(groups, static_cast<double>(2 * inputs), quantize);
}

/// Rows of bf16 activations as blocks of bytes.
at::Tensor quantized(const at::Tensor& x) {
  const std::int64_t inputs = x.size(1);
  const std::int64_t blocks = inputs / kBlockInputs;
  const at::Tensor to = at::empty(
      {x.size(0), blocks * static_cast<std::int64_t>(sizeof(ActivationBlock))}, at::kByte);
  const auto* from = static_cast<const std::uint16_t*>(x.const_data_ptr());
  auto* data = static_cast<ActivationBlock*>(to.mutable_data_ptr());
  const auto kernel = kernels::kQuantizeRow.best();
  share_out_rows(x.size(0), inputs, [&](std::int64_t first, std::int64_t last) {
    kernel(from + first * inputs, (last - first) * blocks, data + first * blocks);
  });
  return to;
}

#if defined(__x86_64__)
/// With fewer rows, more of a tile is empty than is worth it.
constexpr std::int64_t kFewestForTiles = 8;

/// Rows of bf16 activations as tiles of bytes.
at::Tensor quantized_tiles(const at::Tensor& x) {
  using kernels::ActivationTile;
  using kernels::kActivationRows;
  const std::int64_t inputs = x.size(1);
  const std::int64_t blocks = inputs / kBlockInputs;
  const std::int64_t tiles = (x.size(0) + kActivationRows - 1) / kActivationRows;
  const at::Tensor to =
      at::empty({tiles, blocks * static_cast<std::int64_t>(sizeof(ActivationTile))}, at::kByte);
  const auto* from = static_cast<const std::uint16_t*>(x.const_data_ptr());
  auto* data = static_cast<ActivationTile*>(to.mutable_data_ptr());
  share_out_rows(tiles, kActivationRows * inputs, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t tile = first; tile < last; ++tile) {
      const std::int64_t row = tile * kActivationRows;
      kernels::avx512::quantize_rows(from + row * inputs,
                                     std::min(kActivationRows, x.size(0) - row), blocks,
                                     data + tile * blocks);
    }
  });
  return to;
}
#endif

}  // namespace

QuantizedLinear::QuantizedLinear(const at::Tensor& weight, at::Tensor bias, WeightFormat format)
    : inputs_(weight.size(1)), outputs_(weight.size(0)), format_(format), bias_(std::move(bias)) {
  if (inputs_ % kBlockInputs != 0) {
    throw InvalidArgument(concat("weights in 4 or 8 bits take inputs in blocks of ", kBlockInputs,
                                 ", and ", inputs_, " is no multiple of it"));
  }
  const std::int64_t groups = groups_of(outputs_);
  const std::int64_t blocks = inputs_ / kBlockInputs;
  codes_ = at::empty({groups, blocks * block_bytes(format)}, at::kByte);
  if (format == WeightFormat::int8) scales_ = at::empty({groups * kGroup}, at::kFloat);
  std::atomic<bool> finite{true};
  share_out(groups, static_cast<double>(kGroup * inputs_ * 16),
            [&](std::int64_t first, std::int64_t last) {
              const at::Tensor room = at::zeros({kGroup, inputs_}, at::kFloat);
              for (std::int64_t g = first; g < last; ++g) {
                const std::int64_t rows = std::min(kGroup, outputs_ - g * kGroup);
                if (rows < kGroup) room.zero_();
                room.narrow(0, 0, rows).copy_(weight.narrow(0, g * kGroup, rows));
                if (!at::isfinite(room).all().item<bool>()) {
                  finite = false;
                  return;
                }
                void* to = codes_[g].mutable_data_ptr();
                if (format_ == WeightFormat::int4) {
                  quantize_group(room.const_data_ptr<float>(), inputs_,
                                 static_cast<Int4Block*>(to));
                } else {
                  quantize_group(room.const_data_ptr<float>(), inputs_, static_cast<Int8Block*>(to),
                                 scales_.mutable_data_ptr<float>() + g * kGroup);
                }
              }
            });
  if (!finite) throw InvalidArgument("a weight is not finite, and has no 4- or 8-bit code");
}

std::int64_t QuantizedLinear::bytes() const {
  return static_cast<std::int64_t>(codes_.nbytes() + (scales_.defined() ? scales_.nbytes() : 0));
}

#if defined(__x86_64__)
at::Tensor QuantizedLinear::multiply_in_tiles(const at::Tensor& x) const {
  const std::int64_t rows = x.size(0);
  const at::Tensor left = quantized_tiles(x);
  at::Tensor y = at::empty({rows, outputs_}, x.options());
  const auto kernel = format_ == WeightFormat::int4 ? &kernels::amx::block_tiles_int4
                                                    : &kernels::amx::block_tiles_int8;
  share_out(groups_of(outputs_), static_cast<double>(kGroup * inputs_ * (rows + 1)),
            [&](std::int64_t first, std::int64_t last) {
              const at::Tensor codes = at::empty({kernels::kBlockTilesScratchBytes}, at::kChar);
              const at::Tensor sums = at::empty({kernels::kBlockTilesScratchFloats}, at::kFloat);
              kernel({.x = static_cast<const kernels::ActivationTile*>(left.const_data_ptr()),
                      .weight = codes_.const_data_ptr(),
                      .scales = scales_.defined() ? scales_.const_data_ptr<float>() : nullptr,
                      .bias = bias_.defined() ? bias_.const_data_ptr<float>() : nullptr,
                      .rows = rows,
                      .blocks = inputs_ / kBlockInputs,
                      .outputs = outputs_,
                      .first = first,
                      .last = last,
                      .y = static_cast<std::uint16_t*>(y.mutable_data_ptr()),
                      .codes = codes.mutable_data_ptr<std::int8_t>(),
                      .sums = sums.mutable_data_ptr<float>()});
            });
  return y;
}
#endif

at::Tensor QuantizedLinear::operator()(const at::Tensor& x) const {
  check_activations(x, inputs_, at::kBFloat16);
  const std::int64_t rows = x.size(0);
#if defined(__x86_64__)
  if (rows >= kFewestForTiles && isa() >= Isa::amx) return multiply_in_tiles(x);
#endif
  const std::int64_t groups = groups_of(outputs_);
  const at::Tensor left = quantized(x);
  const at::Tensor y = at::empty({rows, groups * kGroup}, at::kFloat);
  const auto kernel = format_ == WeightFormat::int4 ? kernels::kInt4.best() : kernels::kInt8.best();
  share_out(groups, static_cast<double>(kGroup * inputs_ * (rows + 1)),
            [&](std::int64_t first, std::int64_t last) {
              kernel({.x = static_cast<const ActivationBlock*>(left.const_data_ptr()),
                      .weight = codes_.const_data_ptr(),
                      .scales = scales_.defined() ? scales_.const_data_ptr<float>() : nullptr,
                      .rows = rows,
                      .blocks = inputs_ / kBlockInputs,
                      .first = first,
                      .last = last,
                      .y = y.mutable_data_ptr<float>(),
                      .y_stride = groups * kGroup});
            });
  return finish(y, bias_, outputs_, at::kBFloat16);
}

at::Tensor QuantizedLinear::weight() const {
  const std::int64_t groups = groups_of(outputs_);
  const at::Tensor result = at::empty({groups * kGroup, inputs_}, at::kFloat);
  for (std::int64_t g = 0; g < groups; ++g) {
    const void* from = codes_[g].const_data_ptr();
    float* to = result.mutable_data_ptr<float>() + g * kGroup * inputs_;
    if (format_ == WeightFormat::int4) {
      dequantize_group(static_cast<const Int4Block*>(from), inputs_, to);
    } else {
      dequantize_group(static_cast<const Int8Block*>(from),
                       scales_.const_data_ptr<float>() + g * kGroup, inputs_, to);
    }
  }
  return result.narrow(0, 0, outputs_);
}

}  // namespace hadal::draf
