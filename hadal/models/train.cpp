#include "hadal/models/train.h"

#include "hadal/core/error.h"
#include "hadal/models/batches.h"
#include "hadal/models/decoder_lm.h"
#include "hadal/models/input_check.h"
#include "hadal/models/schedule.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include <ATen/ops/cross_entropy_loss.h>
#include <torch/nn/module.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>

namespace hadal::models {
namespace {

constexpr double kClipNorm = 1.0;
constexpr double kLabelSmoothing = 0.1;

void check(const TrainOptions& options) {
  if (options.epochs < 1 || options.batch < 1) {
    throw InvalidArgument(concat("train: expected 1 or more epochs and examples a batch, got ",
                                 options.epochs, " and ", options.batch));
  }
  if (!(options.learning_rate > 0) || !std::isfinite(options.learning_rate)) {
    throw InvalidArgument(
        concat("train: expected a positive learning_rate, got ", options.learning_rate));
  }
  if (!(options.weight_decay >= 0) || !std::isfinite(options.weight_decay)) {
    throw InvalidArgument(
        concat("train: expected a weight_decay of 0 or more, got ", options.weight_decay));
  }
}

torch::optim::AdamW make_optimizer(const std::vector<at::Tensor>& parameters,
                                   const TrainOptions& options) {
  std::vector<at::Tensor> matrices, vectors;
  for (const auto& parameter : parameters) {
    (parameter.dim() < 2 ? vectors : matrices).push_back(parameter);
  }
  const auto group = [](std::vector<at::Tensor> members, double decay) {
    return torch::optim::OptimizerParamGroup(std::move(members),
                                             std::make_unique<torch::optim::AdamWOptions>(
                                                 torch::optim::AdamWOptions().weight_decay(decay)));
  };
  return torch::optim::AdamW({group(matrices, options.weight_decay), group(vectors, 0.0)});
}

void step_once(torch::optim::AdamW& optimizer, const std::vector<at::Tensor>& parameters,
               const at::Tensor& loss, double learning_rate) {
  loss.backward();
  torch::nn::utils::clip_grad_norm_(parameters, kClipNorm);
  for (auto& group : optimizer.param_groups()) group.options().set_lr(learning_rate);
  optimizer.step();
  optimizer.zero_grad();
}

/// Puts a module and its submodules in training mode, and each back in its own when it goes out of
/// scope.
class TrainingMode {
 public:
  explicit TrainingMode(torch::nn::Module& module)
      : module_(module), before_(module.is_training()), parts_(module.modules(false)) {
    for (const auto& part : parts_) parts_before_.push_back(part->is_training());
    module.train();
  }
  ~TrainingMode() {
    module_.train(before_);
    // Parents come before their children, whose own mode thus comes last.
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i]->train(parts_before_[i]);
  }
  TrainingMode(const TrainingMode&) = delete;
  TrainingMode& operator=(const TrainingMode&) = delete;

 private:
  torch::nn::Module& module_;
  bool before_;
  std::vector<std::shared_ptr<torch::nn::Module>> parts_;
  std::vector<bool> parts_before_;
};

}  // namespace

TrainResult train(const std::vector<at::Tensor>& parameters, std::int64_t example_count,
                  const BatchLoss& loss, const TrainOptions& options) {
  check(options);
  if (parameters.empty() || example_count < 1) {
    throw InvalidArgument(concat("train: expected parameters and examples, got ", parameters.size(),
                                 " and ", example_count));
  }
  const auto start = std::chrono::steady_clock::now();
  Batches batches(example_count, std::min(options.batch, example_count), options.seed);
  const std::int64_t steps = options.epochs * batches.steps_per_epoch();
  const Schedule schedule{.peak = options.learning_rate,
                          .warm_up = std::max<std::int64_t>(1, steps / 10),
                          .steps = steps};
  auto optimizer = make_optimizer(parameters, options);
  optimizer.zero_grad();
  TrainResult result;
  for (std::int64_t step = 0; step < steps; ++step) {
    if (options.check_interrupt) options.check_interrupt();
    const at::Tensor value = loss(batches.of_step(step));
    if (!value.defined() || value.dim() != 0 || !value.requires_grad()) {
      throw InvalidArgument("train: expected the loss to be a scalar tensor with gradient");
    }
    result.losses.push_back(value.item<double>());
    if (!std::isfinite(result.losses.back())) {
      throw Error(concat("train: the loss is ", result.losses.back(), " at step ",
                         result.losses.size(), " of ", steps),
                  "lower the learning rate, and check the inputs for values that are not finite");
    }
    step_once(optimizer, parameters, value, schedule.at(step));
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

TrainResult train_classifier(torch::nn::Module& model, const BatchLogits& logits,
                             const at::Tensor& labels, const TrainOptions& options) {
  require_input("train_classifier: labels", labels, {-1}, at::kLong);
  const TrainingMode mode(model);
  const auto loss = [&](const at::Tensor& indices) {
    const at::Tensor targets = labels.index_select(0, indices.to(labels.device()));
    return at::cross_entropy_loss(logits(indices), targets, /*weight=*/{}, at::Reduction::Mean,
                                  /*ignore_index=*/-100, kLabelSmoothing);
  };
  return train(model.parameters(), labels.size(0), loss, options);
}

TrainResult train_language_model(DecoderLmImpl& model, const at::Tensor& tokens,
                                 const TrainOptions& options) {
  require_input("train_language_model: tokens", tokens, {-1}, at::kLong);
  const std::int64_t context = model.options().context;
  if (tokens.size(0) <= context) {
    throw InvalidArgument(concat("train_language_model: expected at least ", context + 1,
                                 " tokens (the context and a target), got ", tokens.size(0)));
  }
  const TrainingMode mode(model);
  const at::Tensor examples = tokens.unfold(0, context + 1, context);  // [count, context + 1]
  const auto loss = [&](const at::Tensor& indices) {
    const at::Tensor rows = examples.index_select(0, indices.to(tokens.device()));
    const at::Tensor logits = model.forward(rows.narrow(1, 0, context));
    return at::cross_entropy_loss(logits.flatten(0, 1), rows.narrow(1, 1, context).flatten());
  };
  return train(model.parameters(), examples.size(0), loss, options);
}

}  // namespace hadal::models
