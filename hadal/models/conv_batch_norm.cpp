#include "hadal/models/conv_batch_norm.h"

#include <torch/nn/init.h>

namespace hadal::models {
namespace {

torch::nn::Conv2dOptions conv_options(const ConvBatchNormOptions& options) {
  return torch::nn::Conv2dOptions(options.in_channels, options.out_channels, options.kernel)
      .stride(options.stride)
      .padding(options.kernel / 2)
      .bias(false);
}

}  // namespace

ConvBatchNorm::ConvBatchNorm(torch::nn::Module& parent, const ConvBatchNormOptions& options)
    : conv_name_(options.conv_name),
      norm_name_(options.norm_name),
      conv_(parent.register_module(conv_name_, torch::nn::Conv2d(conv_options(options)))),
      norm_(parent.register_module(norm_name_, torch::nn::BatchNorm2d(options.out_channels))) {
  torch::nn::init::kaiming_normal_(conv_->weight, 0, torch::kFanIn, torch::kReLU);
}

ConvBatchNorm::ConvBatchNorm(torch::nn::Module& parent, int index, std::int64_t in_channels,
                             std::int64_t out_channels, std::int64_t stride)
    : ConvBatchNorm(parent, {.conv_name = "conv" + std::to_string(index),
                             .norm_name = "bn" + std::to_string(index),
                             .in_channels = in_channels,
                             .out_channels = out_channels,
                             .stride = stride}) {}

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

  const auto& old = conv_->options;
  torch::nn::Conv2d folded(
      torch::nn::Conv2dOptions(old.in_channels(), old.out_channels(), old.kernel_size())
          .stride(old.stride())
          .padding(old.padding()));
  folded->to(conv_->weight.device(), conv_->weight.scalar_type());
  folded->weight.copy_(conv_->weight.to(at::kDouble) * scale.view({-1, 1, 1, 1}));
  folded->bias.copy_(shift);
  folded->train(conv_->is_training());
  conv_ = parent.replace_module(conv_name_, folded);
  parent.unregister_module(norm_name_);
  norm_ = nullptr;
}

}  // namespace hadal::models
