#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::models {

/// Rotary position embedding (Su et al., 2021) in the half-split layout of Hugging Face's Llama:
/// element i of a head is paired with element i + d/2 and turned by position * theta^(-2i/d).
class Rotary {
 public:
  /// Angles of the `length` positions from `first` on for heads of `head_dim` elements, on
  /// `device`, in fp64 where `dtype` is fp64, and otherwise in fp32.
  Rotary(std::int64_t first, std::int64_t length, std::int64_t head_dim, double theta,
         at::ScalarType dtype, at::Device device);

  /// x [..., length, head_dim], turned; computed in the angles' type and rounded to that of x.
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor cosine_;  // [length, head_dim / 2]
  at::Tensor sine_;
};

}  // namespace hadal::models
