#include "hadal/draf/linear/linear.h"

#include "hadal/core/error.h"
#include "hadal/draf/linear/quantized.h"
#include "hadal/draf/linear/stored.h"

namespace hadal::draf {

std::unique_ptr<Linear> make_linear(const at::Tensor& weight, const at::Tensor& bias,
                                    WeightFormat format) {
  if (weight.dim() != 2 || !weight.is_floating_point() || !weight.is_cpu()) {
    throw InvalidArgument(concat("a linear layer's weight is [outputs, inputs] of floating-point ",
                                 "numbers on the CPU, not ", weight.toString(), " ",
                                 weight.sizes()));
  }
  if (bias.defined() && (bias.dim() != 1 || bias.size(0) != weight.size(0))) {
    throw InvalidArgument(concat("the bias of a linear layer of ", weight.size(0), " outputs is [",
                                 weight.size(0), "], not ", bias.sizes()));
  }
  const at::Tensor added = bias.defined() ? bias.to(at::kFloat) : bias;
  if (format == WeightFormat::int8 || format == WeightFormat::int4) {
    return std::make_unique<QuantizedLinear>(weight, added, format);
  }
  const at::ScalarType type = format == WeightFormat::fp32 ? at::kFloat : at::kBFloat16;
  return std::make_unique<StoredLinear>(weight.to(type).contiguous(), added);
}

}  // namespace hadal::draf
