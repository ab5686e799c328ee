#pragma once

#include <cstdint>

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace hadal::models {

/// A network for 28x28 grey images that is cheap to train on adversarial examples, without batch
/// norms, whose two modes differ: a 5x5 convolution of 32 channels with stride 2, 3x3 convolutions
/// of 64 and 64 channels with 2x2 max-pooling between them, and linear layers of 200 and `classes`;
/// ReLU after all but the last. 685,666 parameters for 10 classes.
class SmallCnnImpl : public torch::nn::Module {
 public:
  /// Throws InvalidArgument for fewer than 2 classes.
  explicit SmallCnnImpl(std::int64_t classes = 10);

  /// Images [n, 1, 28, 28] of the parameters' type to logits [n, classes]. Throws InvalidArgument
  /// for another shape or type.
  at::Tensor forward(const at::Tensor& images);

 private:
  torch::nn::Conv2d conv1_, conv2_, conv3_;
  torch::nn::Linear linear1_, linear2_;
};
TORCH_MODULE(SmallCnn);

}  // namespace hadal::models
