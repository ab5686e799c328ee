#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace hadal::models {

class DecoderLmImpl;

struct TrainOptions {
  int epochs = 1;
  std::int64_t batch = 64;      ///< examples a step; cut to the number of examples
  double learning_rate = 1e-3;  ///< the peak, after warm-up
  double weight_decay = 0.01;   ///< decoupled; not for biases and norms (one dimension)
  std::uint64_t seed = 0;       ///< of the order of the examples
  std::function<void()> check_interrupt = {};  ///< called before each step; may throw to stop
};

struct TrainResult {
  double seconds = 0;          ///< wall time
  std::vector<double> losses;  ///< of each step
};

/// The mean loss, a scalar with gradient, of the examples at `indices`, int64 [batch] on the CPU.
using BatchLoss = std::function<at::Tensor(const at::Tensor& indices)>;
/// Logits [batch, classes] of the examples at `indices`.
using BatchLogits = std::function<at::Tensor(const at::Tensor& indices)>;

/// Trains `parameters` with AdamW (Loshchilov and Hutter, 2019) under gradient clipping to norm 1
/// and a learning rate that rises linearly over the first tenth of the steps and falls to 0 along a
/// half cosine. Each epoch draws a fresh order and leaves out the examples of a last partial batch.
/// Deterministic for given parameters, seed and number of threads, if `loss` is. Throws
/// InvalidArgument for options out of range, no parameters or examples, or a loss that is no
/// scalar, and Error where the loss is not finite; what `loss` and `check_interrupt` throw comes
/// through.
TrainResult train(const std::vector<at::Tensor>& parameters, std::int64_t example_count,
                  const BatchLoss& loss, const TrainOptions& options);

/// train() for a classifier, with cross-entropy under label smoothing 0.1 (Szegedy et al., 2016).
/// `model` is what `logits` runs; it is in training mode meanwhile. `labels` int64 [examples].
TrainResult train_classifier(torch::nn::Module& model, const BatchLogits& logits,
                             const at::Tensor& labels, const TrainOptions& options);

/// train() for next-token prediction on `tokens`, int64 [n], cut into examples of the model's
/// context plus one token (the last is only a target). Throws InvalidArgument where `tokens` make
/// no example.
TrainResult train_language_model(DecoderLmImpl& model, const at::Tensor& tokens,
                                 const TrainOptions& options);

}  // namespace hadal::models
