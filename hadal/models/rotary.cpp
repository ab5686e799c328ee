#include "hadal/models/rotary.h"

#include <ATen/OpMathType.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>

namespace hadal::models {

Rotary::Rotary(std::int64_t first, std::int64_t length, std::int64_t head_dim, double theta,
               at::ScalarType dtype, at::Device device) {
  const auto options = at::TensorOptions().dtype(at::toOpMathType(dtype)).device(device);
  const at::Tensor exponents = at::arange(0, head_dim, 2, options) / head_dim;
  const at::Tensor angles =
      at::outer(at::arange(first, first + length, options), at::pow(theta, exponents).reciprocal());
  cosine_ = angles.cos();
  sine_ = angles.sin();
}

at::Tensor Rotary::operator()(const at::Tensor& x) const {
  const auto halves = x.to(cosine_.scalar_type()).chunk(2, -1);
  const at::Tensor turned = at::cat(
      {halves[0] * cosine_ - halves[1] * sine_, halves[1] * cosine_ + halves[0] * sine_}, -1);
  return turned.to(x.scalar_type());
}

}  // namespace hadal::models
