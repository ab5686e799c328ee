#pragma once

#include "hadal/hpts/monitor/statistics.h"

#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>

namespace hadal::hpts::testing {

/// What becomes of x, fp64, times `factor` where ATen rounds it to `type`.
inline Underflow underflow(const at::Tensor& x, double factor, at::ScalarType type,
                           double smallest_normal) {
  const at::Tensor rounded = (x * factor).to(type).to(at::kDouble).abs();
  const at::Tensor nonzero = x != 0;
  return {.to_zero = (nonzero & (rounded == 0)).sum().item<std::int64_t>(),
          .to_subnormal =
              (nonzero & (rounded != 0) & (rounded < smallest_normal)).sum().item<std::int64_t>()};
}

/// The statistics of a layer's gradients by ATen in fp64. `factor` has to be a power of 2, so that
/// the product is exact.
inline LayerStatistics oracle(const std::vector<at::Tensor>& gradients, double factor = 1) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& gradient : gradients) {
    flat.push_back(gradient.to(at::kDouble).reshape({-1}));
  }
  LayerStatistics statistics;
  const at::Tensor all = at::cat(flat);
  const at::Tensor x = all.masked_select(at::isfinite(all));
  statistics.values = all.numel();
  statistics.non_finite = all.numel() - x.numel();
  statistics.zeros = (x == 0).sum().item<std::int64_t>();
  statistics.fp16 = underflow(x, factor, at::kHalf, 0x1p-14);
  statistics.bf16 = underflow(x, factor, at::kBFloat16, 0x1p-126);
  statistics.fp16_overflow = (x * factor).to(at::kHalf).isinf().sum().item<std::int64_t>();
  statistics.norm = x.square().sum().sqrt().item<double>();
  const at::Tensor magnitudes = x.masked_select(x != 0).abs();
  if (magnitudes.numel() > 0) {
    statistics.largest = magnitudes.max().item<double>();
    statistics.smallest = magnitudes.min().item<double>();
  }
  return statistics;
}

}  // namespace hadal::hpts::testing
