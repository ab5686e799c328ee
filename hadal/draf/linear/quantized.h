#pragma once

#include "hadal/draf/linear/linear.h"

namespace hadal::draf {

/// A layer whose weights are codes of 4 or 8 bits. Activations are rounded to 8 bits, with a scale
/// for each 32 inputs, as llama.cpp's Q8_0; what is summed up within those is exact.
class QuantizedLinear final : public Linear {
 public:
  /// weight [outputs, inputs], of any floating-point type, bias fp32 or undefined; `format` is int8
  /// or int4, whose scales are those with the least squared error of a few candidates. Throws
  /// InvalidArgument where inputs are no multiple of 32 and for a weight that is not finite.
  QuantizedLinear(const at::Tensor& weight, at::Tensor bias, WeightFormat format);

  std::int64_t inputs() const override { return inputs_; }
  std::int64_t outputs() const override { return outputs_; }
  std::int64_t bytes() const override;
  at::Tensor operator()(const at::Tensor& x) const override;
  /// The weights that the codes stand for, fp32 [outputs, inputs].
  at::Tensor weight() const;

 private:
  at::Tensor multiply_in_tiles(const at::Tensor& x) const;

  std::int64_t inputs_;
  std::int64_t outputs_;
  WeightFormat format_;
  at::Tensor codes_;   // bytes: blocks as kernels take them, [groups][blocks]
  at::Tensor scales_;  // fp32 [groups * kGroup] in 8 bits, else undefined
  at::Tensor bias_;
};

}  // namespace hadal::draf
