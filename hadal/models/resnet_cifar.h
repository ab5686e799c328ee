#pragma once

#include "hadal/models/conv_batch_norm.h"

#include <cstdint>
#include <memory>
#include <vector>

#include <torch/nn/modules/linear.h>

namespace hadal::models {

/// The residual network for 32x32 images of He et al. (2016), "Deep Residual Learning for Image
/// Recognition", section 4.2: a 3x3 convolution, three stages of (depth - 2) / 6 basic blocks with
/// 16, 32 and 64 channels, global average pooling and a linear layer. Shortcuts that change shape
/// take every second row and column and pad channels with zeros (option A). Tensor names are those
/// of akamaster/pytorch_resnet_cifar10.
class ResNetCifarImpl : public torch::nn::Module {
 public:
  /// `depth` counts the weighted layers: 20, 32, 44, 56 and 110 in the paper; any 6n + 2 from 8 to
  /// 1202 is taken. Throws InvalidArgument for other depths, and for fewer than 2 classes.
  explicit ResNetCifarImpl(int depth, std::int64_t classes = 10);

  /// Normalized images [n, 3, 32, 32] (see normalize_cifar), of the parameters' type, to logits
  /// [n, classes]. Throws InvalidArgument for another shape or type.
  at::Tensor forward(const at::Tensor& images);

  /// Folds every batch norm into the convolution before it, for faster inference. Outputs stay
  /// those of evaluation mode, whatever the mode; the batch norms' parameters and buffers are gone,
  /// and each convolution has a bias instead.
  void fold_batch_norm();

 private:
  class BasicBlock;

  ConvBatchNorm stem_;
  std::vector<std::shared_ptr<BasicBlock>> blocks_;
  torch::nn::Linear linear_{nullptr};
};
TORCH_MODULE(ResNetCifar);

/// Images as fp32 with the per-channel mean (.485, .456, .406) subtracted and divided by the
/// standard deviation (.229, .224, .225), which the published weights expect. Takes [n, 3, 32, 32]
/// of uint8 in 0..255, which is scaled by 1/255 first, or of fp32 in [0, 1], through which
/// gradients flow. Throws InvalidArgument for another shape or type.
at::Tensor normalize_cifar(const at::Tensor& images);

}  // namespace hadal::models
