#include "hadal/hpts/optimizer/slot.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <cmath>

#include <ATen/ops/empty_strided.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::hpts {
namespace {

bool is_usable(const at::Tensor& tensor) {
  return tensor.is_cpu() && tensor.layout() == at::kStrided &&
         (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16);
}

std::string describe(const at::Tensor& tensor) {
  return concat(tensor.scalar_type(), " ", tensor.sizes(), " on ", tensor.device());
}

void check_parameter(const NamedParameter& parameter) {
  const auto& [name, tensor] = parameter;
  if (!tensor.defined()) {
    throw InvalidArgument(concat("optimizer: the parameter \"", name, "\" is undefined"));
  }
  if (!is_usable(tensor)) {
    throw InvalidArgument(concat("optimizer: expected the parameter \"", name,
                                 "\" to be a strided fp32 or bf16 tensor on the CPU, got ",
                                 describe(tensor)));
  }
  if (!tensor.is_non_overlapping_and_dense()) {
    throw InvalidArgument(concat("optimizer: the parameter \"", name, "\" has gaps, strides ",
                                 tensor.strides(), " for shape ", tensor.sizes()),
                          "pass a contiguous tensor");
  }
}

void set_sgd(const Sgd& sgd, double rate, bool is_first, kernels::Step& step) {
  step.rule = kernels::Rule::sgd;
  step.rate = static_cast<float>(rate);
  step.decay = is_first ? 0.0F : static_cast<float>(sgd.momentum);
  step.gain = is_first || sgd.momentum == 0 ? 1.0F : static_cast<float>(1 - sgd.dampening);
  step.momentum = sgd.nesterov ? static_cast<float>(sgd.momentum) : 0.0F;
}

template <class AdamOrAdamW>
void set_adam(const AdamOrAdamW& adam, double rate, std::int64_t number, kernels::Step& step) {
  const auto power = static_cast<double>(number);
  step.rule = kernels::Rule::adam;
  step.decay = static_cast<float>(adam.beta1);
  step.gain = static_cast<float>(1 - adam.beta1);
  step.second_decay = static_cast<float>(adam.beta2);
  step.second_gain = static_cast<float>(1 - adam.beta2);
  step.second_root = static_cast<float>(std::sqrt(1 - std::pow(adam.beta2, power)));
  step.epsilon = static_cast<float>(adam.epsilon);
  step.rate = static_cast<float>(rate / (1 - std::pow(adam.beta1, power)));
}

void set_rule(const Rule& rule, const ParameterGroup& group, std::int64_t number,
              kernels::Step& step) {
  step.l2 = static_cast<float>(group.weight_decay);
  if (const auto* sgd = std::get_if<Sgd>(&rule)) {
    set_sgd(*sgd, group.learning_rate, number == 1, step);
  } else if (const auto* adam = std::get_if<Adam>(&rule)) {
    set_adam(*adam, group.learning_rate, number, step);
  } else {
    set_adam(std::get<AdamW>(rule), group.learning_rate, number, step);
    step.l2 = 0;
    step.keep = static_cast<float>(1 - group.learning_rate * group.weight_decay);
  }
}

}  // namespace

Optimizer::Slot::Slot(NamedParameter parameter, std::size_t group, const Rule& rule,
                      const OptimizerOptions& options)
    : parameter_(std::move(parameter)), group_(group), seed_(options.seed) {
  check_parameter(parameter_);
  if (const auto* sgd = std::get_if<Sgd>(&rule)) {
    if (sgd->momentum != 0) means_.first.name = "momentum";
  } else {
    means_.first.name = "exp_avg";
    means_.second.name = "exp_avg_sq";
  }
  means_ = make_means(options.state, parameter_.tensor.strides());
  if (options.master_weights && parameter_.tensor.scalar_type() == at::kBFloat16) {
    rest_ = at::zeros_like(parameter_.tensor, at::kShort);
  }
}

/// Zeros of the names of means_.
Optimizer::Slot::Means Optimizer::Slot::make_means(StateFormat format,
                                                   at::IntArrayRef strides) const {
  Means means{.format = format,
              .first = {means_.first.name, {}, {}},
              .second = {means_.second.name, {}, {}}};
  for (Mean* mean : {&means.first, &means.second}) {
    if (mean->name.empty()) continue;
    const auto codes = mean == &means.first ? at::kChar : at::kByte;
    const auto type = format == StateFormat::fp32   ? at::kFloat
                      : format == StateFormat::bf16 ? at::kBFloat16
                                                    : codes;
    mean->values = at::empty_strided(parameter_.tensor.sizes(), strides, type).zero_();
    if (format == StateFormat::int8) {
      mean->scales = at::zeros({kernels::block_count(parameter_.tensor.numel())}, at::kFloat);
    }
  }
  return means;
}

kernels::State Optimizer::Slot::kernel_state(const Means& means, const kernels::Key& key) const {
  const auto moment = [](const Mean& mean) {
    if (mean.name.empty()) return kernels::Moment{};
    return kernels::Moment{mean.values.mutable_data_ptr(),
                           mean.scales.defined() ? mean.scales.mutable_data_ptr<float>() : nullptr};
  };
  const auto format = means.format == StateFormat::fp32   ? kernels::Format::fp32
                      : means.format == StateFormat::bf16 ? kernels::Format::bf16
                                                          : kernels::Format::int8;
  return {format, moment(means.first), moment(means.second), parameter_.tensor.numel(), key};
}

std::array<kernels::Key, 2> Optimizer::Slot::keys() const {
  Random random(seed_, parameter_.name, static_cast<std::uint64_t>(steps_));
  std::array<kernels::Key, 2> keys;
  for (auto& key : keys) {
    const std::uint64_t bits = random.next();
    key = {{static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32)}};
  }
  return keys;
}

void Optimizer::Slot::check_gradient() const {
  const at::Tensor& gradient = parameter_.tensor.grad();
  if (!gradient.defined()) return;
  if (!is_usable(gradient) || gradient.sizes() != parameter_.tensor.sizes()) {
    throw InvalidArgument(concat("optimizer: expected the gradient of \"", parameter_.name,
                                 "\" to be strided fp32 or bf16 ", parameter_.tensor.sizes(),
                                 " on the CPU, got ", describe(gradient)));
  }
}

kernels::Step Optimizer::Slot::begin_step(const Rule& rule, const ParameterGroup& group,
                                          at::Tensor& gradient) {
  ++steps_;
  const at::Tensor& weight = parameter_.tensor;
  gradient = weight.grad();
  if (gradient.strides() != weight.strides()) {
    gradient = at::empty_strided(weight.sizes(), weight.strides(), gradient.options())
                   .copy_(gradient.detach());
  }
  const auto [state_key, weight_key] = keys();
  kernels::Step step{
      .gradient = gradient.const_data_ptr(),
      .gradient_is_bf16 = gradient.scalar_type() == at::kBFloat16,
      .weight = weight.mutable_data_ptr(),
      .weight_is_bf16 = weight.scalar_type() == at::kBFloat16,
      .weight_rest = rest_.defined() ? rest_.mutable_data_ptr<std::int16_t>() : nullptr,
      .state = kernel_state(means_, state_key),
      .weight_key = weight_key};
  set_rule(rule, group, steps_, step);
  // For autograd to notice where the weight was kept for a backward that is still to come.
  weight.unsafeGetTensorImpl()->bump_version();
  return step;
}

std::int64_t Optimizer::Slot::bytes() const {
  std::int64_t bytes = 0;
  for (const auto& tensor : {means_.first.values, means_.first.scales, means_.second.values,
                             means_.second.scales, rest_}) {
    if (tensor.defined()) bytes += static_cast<std::int64_t>(tensor.nbytes());
  }
  return bytes;
}

}  // namespace hadal::hpts
