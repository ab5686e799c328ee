#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

namespace hadal::models {

/// The shape of a ConvBatchNorm, and what its two parts are called.
struct ConvBatchNormOptions {
  std::string conv_name;
  std::string norm_name;
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::int64_t kernel = 3;  ///< odd; its half is padded with zeros on each side
  std::int64_t stride = 1;
};

/// A convolution without bias and the batch norm after it. The two are registered side by side in
/// the parent, which is how published ResNet checkpoints name them. Weights start as in He et al.
/// (2015), for a ReLU afterwards.
class ConvBatchNorm {
 public:
  ConvBatchNorm(torch::nn::Module& parent, const ConvBatchNormOptions& options);
  /// A 3x3 convolution `conv<index>` with the norm `bn<index>`.
  ConvBatchNorm(torch::nn::Module& parent, int index, std::int64_t in_channels,
                std::int64_t out_channels, std::int64_t stride = 1);

  /// x [n, in_channels, h, w] -> [n, out_channels, ceil(h / stride), ceil(w / stride)].
  at::Tensor forward(const at::Tensor& x);

  /// Replaces the pair by one convolution with bias that computes what the pair does in evaluation
  /// mode: w' = w g / sqrt(v + e), b' = b - m g / sqrt(v + e), for the batch norm's weight g, bias
  /// b, running mean m, running variance v and epsilon e. `parent` must be the one that it was
  /// constructed with. Once folded, further calls do nothing.
  void fold(torch::nn::Module& parent);

 private:
  std::string conv_name_;
  std::string norm_name_;
  torch::nn::Conv2d conv_;
  torch::nn::BatchNorm2d norm_;  // empty once folded
};

}  // namespace hadal::models
