#include "hadal/draf/linear/linear.h"

#include "hadal/core/error.h"

#include <utility>

#include <ATen/ops/linear.h>

namespace hadal::draf {
namespace {

/// Weights as floating-point numbers, row by row, as files have them.
class FloatLinear final : public Linear {
 public:
  FloatLinear(at::Tensor weight, at::Tensor bias)
      : weight_(std::move(weight)), bias_(std::move(bias)) {}

  std::int64_t inputs() const override { return weight_.size(1); }
  std::int64_t outputs() const override { return weight_.size(0); }
  std::int64_t bytes() const override { return static_cast<std::int64_t>(weight_.nbytes()); }
  at::Tensor operator()(const at::Tensor& x) const override {
    return bias_.defined() ? at::linear(x, weight_, bias_) : at::linear(x, weight_);
  }

 private:
  at::Tensor weight_;
  at::Tensor bias_;
};

}  // namespace

std::unique_ptr<Linear> make_linear(const at::Tensor& weight, const at::Tensor& bias,
                                    WeightFormat format) {
  if (weight.dim() != 2 || !weight.is_floating_point()) {
    throw InvalidArgument(concat("a linear layer's weight is [outputs, inputs] of fp32, bf16 or ",
                                 "fp16, not ", weight.toString(), " ", weight.sizes()));
  }
  if (bias.defined() && (bias.dim() != 1 || bias.size(0) != weight.size(0))) {
    throw InvalidArgument(
        concat("a linear layer of ", weight.size(0), " outputs has a bias of ", bias.sizes()));
  }
  if (format != WeightFormat::fp32 && format != WeightFormat::bf16) {
    throw Unsupported("8-bit and 4-bit weights are still to come");
  }
  const at::ScalarType type = format == WeightFormat::fp32 ? at::kFloat : at::kBFloat16;
  return std::make_unique<FloatLinear>(weight.to(type).contiguous(),
                                       bias.defined() ? bias.to(type) : bias);
}

}  // namespace hadal::draf
