#pragma once

#include "hadal/models/conv_batch_norm.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <torch/nn/modules/linear.h>

namespace hadal::models {

/// Runs a residual block: returns block(x), computed in whatever way.
using RunBlock = std::function<at::Tensor(torch::nn::Module& module,
                                          const std::function<at::Tensor(const at::Tensor&)>& block,
                                          const at::Tensor& x)>;

/// The residual networks for ImageNet of He et al. (2016), "Deep Residual Learning for Image
/// Recognition", table 1: a 7x7 convolution, max pooling, four stages of residual blocks, global
/// average pooling and a linear layer. Depths 18 and 34 have blocks of two 3x3 convolutions; 50,
/// 101 and 152 have bottlenecks, whose 3x3 convolution has the stride ("version 1.5", Goyal et al.,
/// 2017). Shortcuts that change shape are 1x1 convolutions with a batch norm. Tensor names are
/// those of torchvision ("layer1.0.downsample.0.weight"), so that load_state takes its files as
/// they are.
class ResNetImpl : public torch::nn::Module {
 public:
  /// `depth` counts the weighted layers: 18, 34, 50, 101 or 152. Throws InvalidArgument for another
  /// depth, and for fewer than 2 classes.
  explicit ResNetImpl(int depth, std::int64_t classes = 1000);

  /// Images [n, 3, h, w] of the parameters' type, h and w 32 or more, to logits [n, classes];
  /// published weights expect 224x224, normalized as normalize_cifar does. Residual blocks run
  /// through `run` where it is given. Throws InvalidArgument for another shape or type.
  at::Tensor forward(const at::Tensor& images, const RunBlock& run = {});

 private:
  class Block;

  ConvBatchNorm stem_;
  std::vector<std::shared_ptr<Block>> blocks_;
  torch::nn::Linear linear_{nullptr};
};
TORCH_MODULE(ResNet);

}  // namespace hadal::models
