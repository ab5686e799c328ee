#include "hadal/draf/linear/quantized.h"

#include "hadal/core/error.h"
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
constexpr IsaTable kQuantize = HADAL_ISA_TABLE_OF(quantize, avx2, avx512);
constexpr IsaTable kInt4 = HADAL_ISA_TABLE_OF(blocks_int4, avx2, avx512);
constexpr IsaTable kInt8 = HADAL_ISA_TABLE_OF(blocks_int8, avx2, avx512);
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

/// Rows of fp32 activations as blocks of bytes.
at::Tensor quantized(const at::Tensor& x) {
  const at::Tensor floats = x.to(at::kFloat);
  const std::int64_t blocks = x.size(1) / kBlockInputs;
  const at::Tensor to = at::empty(
      {x.size(0), blocks * static_cast<std::int64_t>(sizeof(ActivationBlock))}, at::kByte);
  kernels::kQuantize.best()(floats.const_data_ptr<float>(), x.size(0) * blocks,
                            static_cast<ActivationBlock*>(to.mutable_data_ptr()));
  return to;
}

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

at::Tensor QuantizedLinear::operator()(const at::Tensor& x) const {
  check_activations(x, inputs_, at::kBFloat16);
  const std::int64_t rows = x.size(0);
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
