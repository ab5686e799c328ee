#pragma once

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

namespace hadal::draf {

/// How a layer's weights are stored. Activations are fp32 beside fp32 weights, else bf16.
enum class WeightFormat {
  fp32,
  bf16,
  int8,  ///< one scale an output row, symmetric
  int4,  ///< a scale a block of 32 along the input, symmetric, as llama.cpp's Q4_0
};

/// y = x W^T + b with stored weights. Const members may be called from any thread.
class Linear {
 public:
  virtual ~Linear() = default;

  virtual std::int64_t inputs() const = 0;
  virtual std::int64_t outputs() const = 0;
  virtual std::int64_t bytes() const = 0;  ///< of the weights, with their scales
  /// x [rows, inputs], dense, of the activations' type, to [rows, outputs] of the same.
  virtual at::Tensor operator()(const at::Tensor& x) const = 0;
};

/// A layer of weight [outputs, inputs], fp32, bf16 or fp16, and bias [outputs], or an undefined
/// one. A weight that is of the format's own type is kept as it is, be it a view of a mapped file;
/// others are converted, and the original is not kept. Throws InvalidArgument for other shapes or
/// types, and where int4 is asked for inputs that are no multiple of 32.
std::unique_ptr<Linear> make_linear(const at::Tensor& weight, const at::Tensor& bias,
                                    WeightFormat format);

}  // namespace hadal::draf
