#pragma once

#include "hadal/models/conv_batch_norm.h"

#include <cstdint>

#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>

namespace hadal::models {

struct SpeechCrnnOptions {
  std::int64_t mels = 40;     ///< mel bands of the input; 8 to 512
  std::int64_t classes = 10;  ///< 2 or more
};

/// A small convolutional-recurrent network that classifies short utterances, after Cakir et al.
/// (2017): two 3x3 convolutions of 24 and 48 channels with batch norm, ReLU and max-pooling (by 2
/// in time, and by 2 and 4 in frequency), a bidirectional GRU of 64 units a direction, the mean
/// over the valid frames and a linear layer; 129,522 parameters for 40 mel bands and 10 classes.
class SpeechCrnnImpl : public torch::nn::Module {
 public:
  /// Throws InvalidArgument, naming the option, for options out of range.
  explicit SpeechCrnnImpl(const SpeechCrnnOptions& options = {});

  /// Log-mel features [b, mels, t] of the parameters' type, best of about zero mean and unit
  /// variance, and the number of valid frames of each, int64 [b] with 1 <= length <= t, to logits
  /// [b, classes]. Frames from `lengths` on are ignored, whatever they hold; only the batch norms'
  /// statistics, in training mode, count them, as zeros. Throws InvalidArgument for another shape,
  /// type or length.
  at::Tensor forward(const at::Tensor& features, const at::Tensor& lengths);

 private:
  at::Tensor pooled_mean(const at::Tensor& x, const at::Tensor& lengths);

  SpeechCrnnOptions options_;
  ConvBatchNorm conv1_;
  ConvBatchNorm conv2_;
  torch::nn::GRU gru_{nullptr};
  torch::nn::Linear linear_{nullptr};
};
TORCH_MODULE(SpeechCrnn);

}  // namespace hadal::models
