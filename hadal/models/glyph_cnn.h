#pragma once

#include "hadal/models/conv_batch_norm.h"

#include <cstdint>

#include <torch/nn/modules/linear.h>

namespace hadal::models {

/// A small convolutional network for 28x28 grey images of digits, letters or clothes: four 3x3
/// convolutions of 16, 32, 48 and 64 channels with batch norm and ReLU, 2x2 max-pooling after the
/// first two, global average pooling and a linear layer; 47,194 parameters for 10 classes.
class GlyphCnnImpl : public torch::nn::Module {
 public:
  /// Throws InvalidArgument for fewer than 2 classes.
  explicit GlyphCnnImpl(std::int64_t classes = 10);

  /// Images [n, 1, 28, 28] in [0, 1], of the parameters' type, to logits [n, classes]. Throws
  /// InvalidArgument for another shape or type.
  at::Tensor forward(const at::Tensor& images);
  /// What the linear layer takes of the same images, [n, 64].
  at::Tensor features(const at::Tensor& images);

  /// As ResNetCifarImpl::fold_batch_norm().
  void fold_batch_norm();

 private:
  ConvBatchNorm conv1_;
  ConvBatchNorm conv2_;
  ConvBatchNorm conv3_;
  ConvBatchNorm conv4_;
  torch::nn::Linear linear_{nullptr};
};
TORCH_MODULE(GlyphCnn);

}  // namespace hadal::models
