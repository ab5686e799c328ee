#include "hadal/hpts/autocast/layers.h"

#include <array>
#include <concepts>
#include <string>
#include <type_traits>

#include <ATen/ops/addmm_ops.h>
#include <ATen/ops/baddbmm_ops.h>
#include <ATen/ops/binary_cross_entropy_ops.h>
#include <ATen/ops/binary_cross_entropy_with_logits_ops.h>
#include <ATen/ops/bmm_ops.h>
#include <ATen/ops/conv1d_ops.h>
#include <ATen/ops/conv2d_ops.h>
#include <ATen/ops/conv3d_ops.h>
#include <ATen/ops/conv_transpose1d_ops.h>
#include <ATen/ops/conv_transpose2d_ops.h>
#include <ATen/ops/conv_transpose3d_ops.h>
#include <ATen/ops/cross_entropy_loss_ops.h>
#include <ATen/ops/group_norm_ops.h>
#include <ATen/ops/kl_div_ops.h>
#include <ATen/ops/layer_norm_ops.h>
#include <ATen/ops/linear_ops.h>
#include <ATen/ops/log_softmax_ops.h>
#include <ATen/ops/matmul_ops.h>
#include <ATen/ops/mm_ops.h>
#include <ATen/ops/mse_loss_ops.h>
#include <ATen/ops/nll_loss_ops.h>
#include <ATen/ops/rms_norm_ops.h>
#include <ATen/ops/scaled_dot_product_attention_ops.h>
#include <ATen/ops/smooth_l1_loss_ops.h>
#include <ATen/ops/softmax_ops.h>
#include <torch/library.h>

namespace hadal::hpts {
namespace {

template <class Argument>
concept IsTensor = std::same_as<std::remove_cvref_t<Argument>, at::Tensor>;
template <class Argument>
concept IsOptionalTensor = std::same_as<std::remove_cvref_t<Argument>, std::optional<at::Tensor>>;

/// The plan of the first of the arguments that is a parameter of a layer, or null.
template <class... Arguments>
const LayerPlan* layer_of(const AutocastState& state, const Arguments&... arguments) {
  const LayerPlan* layer = nullptr;
  const auto look_at = [&](const auto& argument) {
    if (layer != nullptr) return;
    if constexpr (IsTensor<decltype(argument)>) {
      layer = state.layer_of(argument);
    } else if constexpr (IsOptionalTensor<decltype(argument)>) {
      if (argument && argument->defined()) layer = state.layer_of(*argument);
    }
  };
  (look_at(arguments), ...);
  return layer;
}

/// The widest type among the arguments, in which nothing of any is lost.
template <class... Arguments>
Precision widest_of(const Arguments&... arguments) {
  Precision widest = Precision::bf16;
  const auto look_at = [&](const auto& argument) {
    if constexpr (IsTensor<decltype(argument)>) {
      if (argument.scalar_type() == at::kFloat) widest = Precision::fp32;
    }
  };
  (look_at(arguments), ...);
  return widest;
}

template <class Argument>
decltype(auto) cast_argument(AutocastState& state, Argument&& argument, Precision precision,
                             bool images) {
  if constexpr (IsTensor<Argument>) {
    return cast(state, argument, precision, images);
  } else if constexpr (IsOptionalTensor<Argument>) {
    if (!argument || !argument->defined()) return std::optional<at::Tensor>();
    return std::optional(cast(state, *argument, precision, images));
  } else {
    return std::forward<Argument>(argument);
  }
}

enum class TypeRule { in_layer_type, images_in_layer_type, in_fp32 };

template <class Operation, TypeRule rule, class Signature>
struct Wrapped;

template <class Operation, TypeRule rule, class Result, class... Arguments>
struct Wrapped<Operation, rule, Result(Arguments...)> {
  static Result call(Arguments... arguments) {
    const c10::impl::ExcludeDispatchKeyGuard not_again(kAutocastKey);
    const auto state = current_autocast();
    const LayerPlan* layer = layer_of(*state, arguments...);
    const LayerPlan& plan = layer == nullptr ? state->otherwise() : *layer;
    const AutocastState::InLayer in_layer(*state, plan);
    constexpr bool images = rule == TypeRule::images_in_layer_type;
    const Precision precision = rule == TypeRule::in_fp32 ? Precision::fp32
                                : layer != nullptr        ? plan.compute
                                                          : widest_of(arguments...);
    return Operation::call(
        cast_argument<Arguments>(*state, std::forward<Arguments>(arguments), precision, images)...);
  }
};

template <class Operation, TypeRule rule>
void wrap(torch::Library& library) {
  std::string name = Operation::name;
  if (*Operation::overload_name != '\0') name += std::string(".") + Operation::overload_name;
  library.impl(name.c_str(), &Wrapped<Operation, rule, typename Operation::schema>::call);
}

template <TypeRule rule, class... Operations>
void wrap_all(torch::Library& library) {
  (wrap<Operations, rule>(library), ...);
}

void register_layers(torch::Library& library) {
  using namespace at::_ops;
  wrap_all<TypeRule::images_in_layer_type, conv2d, conv2d_padding, conv_transpose2d_input>(library);
  wrap_all<TypeRule::in_layer_type, conv1d, conv1d_padding, conv3d, conv3d_padding,
           conv_transpose1d, conv_transpose3d_input, linear, addmm, mm, matmul, bmm, baddbmm,
           scaled_dot_product_attention>(library);
  wrap_all<TypeRule::in_fp32, cross_entropy_loss, nll_loss, binary_cross_entropy,
           binary_cross_entropy_with_logits, kl_div, mse_loss, smooth_l1_loss, softmax_int,
           log_softmax_int, layer_norm, group_norm, rms_norm>(library);
  library.impl("batch_norm", &batch_norm);
  library.impl("relu", &relu);
  library.impl("relu_", &relu_);
}

}  // namespace

void register_operations() {
  static const std::array libraries = [] {
    std::array result{
        torch::Library(torch::Library::IMPL, "_", kAutocastKey, __FILE__, __LINE__),
        torch::Library(torch::Library::IMPL, "aten", kAutocastKey, __FILE__, __LINE__)};
    result[0].fallback(torch::CppFunction::makeFallthrough());
    register_layers(result[1]);
    return result;
  }();
}

}  // namespace hadal::hpts
