#include "hadal/models/conv_batch_norm.h"

#include <torch/nn/init.h>

namespace hadal::models {
namespace {

torch::nn::Conv2d make_conv(std::int64_t in_channels, std::int64_t out_channels,
                            const torch::ExpandingArray<2>& stride, bool bias) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in_channels, out_channels, 3).stride(stride).padding(1).bias(bias));
}

}  // namespace

ConvBatchNorm::ConvBatchNorm(torch::nn::Module& parent, int index, std::int64_t in_channels,
                             std::int64_t out_channels, std::int64_t stride)
    : conv_name_("conv" + std::to_string(index)),
      norm_name_("bn" + std::to_string(index)),
      conv_(
          parent.register_module(conv_name_, make_conv(in_channels, out_channels, stride, false))),
      norm_(parent.register_module(norm_name_, torch::nn::BatchNorm2d(out_channels))) {
  torch::nn::init::kaiming_normal_(conv_->weight, 0, torch::kFanIn, torch::kReLU);
}

at::Tensor ConvBatchNorm::forward(const at::Tensor& x) {
  const at::Tensor convolved = conv_->forward(x);
  return norm_.is_empty() ? convolved : norm_->forward(convolved);
}

void ConvBatchNorm::fold(torch::nn::Module& parent) {
  if (norm_.is_empty()) return;
  const c10::NoGradGuard no_grad;
  // In fp64, so that folding itself rounds only once.
  const at::Tensor scale = norm_->weight.to(at::kDouble) /
                           (norm_->running_var.to(at::kDouble) + norm_->options.eps()).sqrt();
  const at::Tensor shift =
      norm_->bias.to(at::kDouble) - norm_->running_mean.to(at::kDouble) * scale;

  const auto& options = conv_->options;
  auto folded = make_conv(options.in_channels(), options.out_channels(), options.stride(), true);
  folded->to(conv_->weight.device(), conv_->weight.scalar_type());
  folded->weight.copy_(conv_->weight.to(at::kDouble) * scale.view({-1, 1, 1, 1}));
  folded->bias.copy_(shift);
  folded->train(conv_->is_training());
  conv_ = parent.replace_module(conv_name_, folded);
  parent.unregister_module(norm_name_);
  norm_ = nullptr;
}

}  // namespace hadal::models
