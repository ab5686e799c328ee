#include "hadal/hpts/autocast/layers.h"
#include "hadal/hpts/autocast/norm_backward.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <torch/csrc/autograd/VariableTypeUtils.h>

namespace hadal::hpts {
namespace {

using Optional = std::optional<at::Tensor>;

bool is_defined(const Optional& x) { return x && x->defined(); }

bool is_plain_fp32(const Optional& x) {
  return !is_defined(x) || (x->scalar_type() == at::kFloat && x->is_cpu() && x->is_contiguous());
}

struct Norm {
  Optional weight, bias, running_mean, running_var;
  double momentum, epsilon;
};

/// Whether x is rows of channels, more than one, and the norm is in fp32.
bool applies(const at::Tensor& x, const Norm& norm, bool training) {
  if (!training || !has_kernels(x) || x.dim() < 2 || x.dim() > 4 || x.numel() <= x.size(1)) {
    return false;
  }
  const bool is_rows = x.dim() == 4   ? x.is_contiguous(at::MemoryFormat::ChannelsLast)
                       : x.dim() == 2 ? x.is_contiguous()
                                      : false;
  return is_rows && is_defined(norm.weight) == is_defined(norm.bias) &&
         is_defined(norm.running_mean) == is_defined(norm.running_var) &&
         is_plain_fp32(norm.weight) && is_plain_fp32(norm.bias) &&
         is_plain_fp32(norm.running_mean) && is_plain_fp32(norm.running_var);
}

void update_running(const Norm& norm, const ChannelMoments& moments) {
  if (!is_defined(norm.running_mean)) return;
  const auto rows = static_cast<double>(moments.rows);
  const auto mix = [&](at::Tensor running, const std::vector<double>& batch, double factor) {
    auto* values = running.mutable_data_ptr<float>();
    for (std::size_t c = 0; c < batch.size(); ++c) {
      values[c] =
          static_cast<float>((1 - norm.momentum) * values[c] + norm.momentum * factor * batch[c]);
    }
    torch::autograd::impl::bump_version(running);
  };
  mix(*norm.running_mean, moments.mean, 1);
  mix(*norm.running_var, moments.variance, rows / (rows - 1));
}

/// y = x scale + shift is the batch norm of x.
struct Affine {
  at::Tensor scale, shift, mean;  // fp32 [channels]
  at::Tensor inverse_deviation;   // fp32 [channels]
};

Affine affine_of(const ChannelMoments& moments, const Norm& norm) {
  const auto channels = static_cast<std::int64_t>(moments.mean.size());
  const auto make = [&] { return at::empty({channels}, at::kFloat); };
  Affine result{make(), make(), make(), make()};
  auto* scale = result.scale.mutable_data_ptr<float>();
  auto* shift = result.shift.mutable_data_ptr<float>();
  auto* mean = result.mean.mutable_data_ptr<float>();
  auto* inverse = result.inverse_deviation.mutable_data_ptr<float>();
  const float* weight = is_defined(norm.weight) ? norm.weight->const_data_ptr<float>() : nullptr;
  const float* bias = is_defined(norm.bias) ? norm.bias->const_data_ptr<float>() : nullptr;
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const double over_deviation = 1 / std::sqrt(moments.variance[i] + norm.epsilon);
    const double factor = over_deviation * (weight == nullptr ? 1.0 : weight[c]);
    scale[c] = static_cast<float>(factor);
    shift[c] = static_cast<float>((bias == nullptr ? 0.0 : bias[c]) - moments.mean[i] * factor);
    mean[c] = static_cast<float>(moments.mean[i]);
    inverse[c] = static_cast<float>(over_deviation);
  }
  return result;
}

/// What is kept of x already, or what there is to write it to.
std::shared_ptr<const KeptPieces> kept_input(AutocastState& state, const at::Tensor& x,
                                             std::shared_ptr<KeptBlocks>& to_write) {
  const SavedFormat format = state.format_of(x);
  if (auto kept = std::dynamic_pointer_cast<const KeptPieces>(state.registry().find(x, format))) {
    return kept;
  }
  if (format != SavedFormat::int8_blocks) return keep_values(x, format);
  to_write = std::make_shared<KeptBlocks>(x.numel());
  return to_write;
}

at::Tensor run(const at::Tensor& x, const Norm& norm) {
  const auto state = current_autocast();
  const Optional none;
  const bool needs_grad = at::GradMode::is_enabled() &&
                          torch::autograd::compute_requires_grad(x, norm.weight, norm.bias);
  const ChannelMoments moments = channel_moments(x);
  update_running(norm, moments);
  const Affine affine = affine_of(moments, norm);
  std::shared_ptr<KeptBlocks> to_write;
  const auto kept = needs_grad ? kept_input(*state, x, to_write) : nullptr;
  at::Tensor y = normalized(x, affine.scale, affine.shift, to_write.get());
  if (!needs_grad) return y;
  state->registry().insert(x, kept);
  auto node = c10::make_intrusive<BatchNormBackward>(
      torch::autograd::collect_next_edges(x, norm.weight.value_or(at::Tensor()),
                                          norm.bias.value_or(at::Tensor())),
      x, kept, affine.scale, affine.mean, affine.inverse_deviation);
  torch::autograd::set_history(y, node);
  if (state->recomputes_norms()) {
    state->registry().insert(
        y, std::make_shared<KeptNorm>(kept, affine.scale, affine.shift, /*relu=*/false));
  }
  return y;
}

}  // namespace

at::Tensor batch_norm(const at::Tensor& input, const Optional& weight, const Optional& bias,
                      const Optional& running_mean, const Optional& running_var, bool training,
                      double momentum, double epsilon, bool cudnn_enabled) {
  const c10::impl::ExcludeDispatchKeyGuard not_again(kAutocastKey);
  const auto state = current_autocast();
  const LayerPlan* layer = is_defined(weight) ? state->layer_of(*weight) : nullptr;
  const LayerPlan& plan = layer == nullptr ? state->otherwise() : *layer;
  const AutocastState::InLayer in_layer(*state, plan);
  const at::Tensor x = cast(*state, input, plan.compute, /*images=*/true);
  const Norm norm{weight, bias, running_mean, running_var, momentum, epsilon};
  if (applies(x, norm, training)) return run(x, norm);
  return at::batch_norm(x, weight, bias, running_mean, running_var, training, momentum, epsilon,
                        cudnn_enabled);
}

}  // namespace hadal::hpts
