#include "hadal/draf/parallel/int8_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

namespace hadal::draf {
namespace {

constexpr std::int64_t kScale = sizeof(float);
constexpr std::int64_t kGrain = 16;  // rows that are worth a thread of their own

template <class Number>
void code_row(const Number* x, std::int64_t width, std::int8_t* to) {
  float largest = 0;
  for (std::int64_t i = 0; i < width; ++i) {
    largest = std::max(largest, std::abs(static_cast<float>(x[i])));
  }
  const float scale = largest / 127;
  std::memcpy(to, &scale, kScale);
  const float factor = largest == 0 ? 0 : 127 / largest;
  for (std::int64_t i = 0; i < width; ++i) {
    to[kScale + i] = static_cast<std::int8_t>(std::nearbyint(static_cast<float>(x[i]) * factor));
  }
}

/// Row `row` of all parts.
template <class Number>
void add_up_row(const at::Tensor& parts, std::int64_t row, Number* sum) {
  const std::int64_t width = parts.size(2) - kScale;
  for (std::int64_t i = 0; i < width; ++i) {
    float total = 0;
    for (std::int64_t part = 0; part < parts.size(0); ++part) {
      const auto* coded =
          parts.const_data_ptr<std::int8_t>() + (part * parts.size(1) + row) * parts.size(2);
      float scale;
      std::memcpy(&scale, coded, kScale);
      total += scale * static_cast<float>(coded[kScale + i]);
    }
    sum[i] = static_cast<Number>(total);
  }
}

}  // namespace

at::Tensor int8_rows(const at::Tensor& x) {
  const std::int64_t width = x.size(1);
  at::Tensor coded = at::empty({x.size(0), kScale + width}, x.options().dtype(at::kChar));
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "int8_rows", [&] {
    at::parallel_for(0, x.size(0), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        code_row(x.const_data_ptr<scalar_t>() + row * width, width,
                 coded.mutable_data_ptr<std::int8_t>() + row * coded.size(1));
      }
    });
  });
  return coded;
}

void add_up_rows(const at::Tensor& parts, const at::Tensor& sum) {
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, sum.scalar_type(), "add_up_rows", [&] {
    at::parallel_for(0, sum.size(0), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        add_up_row(parts, row, sum.mutable_data_ptr<scalar_t>() + row * sum.size(1));
      }
    });
  });
}

}  // namespace hadal::draf
