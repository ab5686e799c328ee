#include "hadal/bench/cases/cv/parallel_training.h"

#include "hadal/bench/cases/input.h"
#include "hadal/core/random.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/hpts/distributed/power_sgd.h"

#include <cmath>
#include <numbers>
#include <vector>

#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

namespace hadal::bench {
namespace {

// Both methods cut the gradients alike. The models are small, and so are the buckets.
constexpr std::int64_t kBucketBytes = 256 << 10;
constexpr std::int64_t kCompressionRank = 4;

constexpr std::int64_t kBatch = 32;           // of each rank
constexpr std::int64_t kTrainImages = 8'192;  // of each rank; a multiple of the batch
constexpr std::int64_t kTestImages = 4'096;
constexpr double kLearningRate = 0.05;

/// All-reduces `gradients` as one, and waits.
void reduce_together(ProcessGroup& group, const std::vector<at::Tensor>& gradients) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& gradient : gradients) flat.push_back(gradient.reshape(-1));
  const at::Tensor sent = at::cat(flat).div_(group.size());
  group.all_reduce(sent, "gradients").wait();
  std::int64_t at = 0;
  for (const at::Tensor& gradient : gradients) {
    gradient.copy_(sent.narrow(0, at, gradient.numel()).view_as(gradient));
    at += gradient.numel();
  }
}

at::Tensor as_input(const at::Tensor& images) { return images.to(at::kFloat).div_(255); }

/// For glyphs; learns them in seconds, and most of its weights are in matrices worth compressing.
torch::nn::Sequential make_classifier() {
  using namespace torch::nn;
  return Sequential(Conv2d(Conv2dOptions(1, 16, 5).stride(2).padding(2)), ReLU(),
                    Conv2d(Conv2dOptions(16, 32, 3).stride(2).padding(1)), ReLU(), Flatten(),
                    Linear(32 * 7 * 7, 96), ReLU(), Linear(96, 10));
}

double accuracy_of(torch::nn::Sequential& model, const data::LabelledImages& test) {
  const c10::AutoGradMode without_gradients(false);
  return accuracy(model->forward(as_input(test.images)), test.labels);
}

}  // namespace

ParallelModel::ParallelModel(torch::nn::Module& model, std::shared_ptr<ProcessGroup> group,
                             Method method, std::int64_t dense_steps)
    : model_(model), group_(std::move(group)) {
  if (method == Method::blocking) {
    for (const at::Tensor& parameter : model.parameters()) {
      group_->broadcast(parameter.detach(), 0, "parameters").wait();
    }
    return;
  }
  parallel_ = std::make_unique<hpts::DistributedDataParallel>(
      model, group_, hpts::power_sgd_hook({.rank = kCompressionRank, .dense_steps = dense_steps}),
      hpts::DataParallelOptions{.first_bucket_bytes = kBucketBytes,
                                .bucket_bytes = kBucketBytes,
                                .broadcast_buffers = false});
}

void ParallelModel::backward(const std::function<at::Tensor()>& loss) {
  if (!parallel_) {
    loss().backward();
    reduce_blocking();
    return;
  }
  const std::int64_t bytes = parallel_->hook().payload_bytes();
  const std::int64_t collectives = parallel_->hook().collectives();
  parallel_->forward(loss).backward();
  bytes_ = parallel_->hook().payload_bytes() - bytes;
  collectives_ = parallel_->hook().collectives() - collectives;
}

void ParallelModel::reduce_blocking() {
  bytes_ = collectives_ = 0;
  std::vector<at::Tensor> bucket;
  std::int64_t in_bucket = 0;
  const auto send = [&] {
    reduce_together(*group_, bucket);
    bucket.clear();
    bytes_ += std::exchange(in_bucket, 0);
    ++collectives_;
  };
  for (const at::Tensor& parameter : model_.parameters()) {
    bucket.push_back(parameter.grad());
    in_bucket += static_cast<std::int64_t>(parameter.grad().nbytes());
    if (in_bucket >= kBucketBytes) send();
  }
  if (!bucket.empty()) send();
}

Glyphs make_glyphs(int rank, std::uint64_t seed) {
  const auto part = static_cast<std::uint64_t>(rank);
  return {.train = data::generate_glyphs(kTrainImages, Random(seed, "train", part).next()),
          .test = data::generate_glyphs(kTestImages, Random(seed, "test").next())};
}

double trained_accuracy(const std::shared_ptr<ProcessGroup>& group, Method method,
                        const Glyphs& glyphs, int steps, std::uint64_t seed) {
  const auto& [train, test] = glyphs;
  seed_aten(seed);
  torch::nn::Sequential model = make_classifier();
  ParallelModel parallel(*model, group, method, steps / 20);
  torch::optim::SGD optimizer(model->parameters(),
                              torch::optim::SGDOptions(kLearningRate).momentum(0.9).nesterov(true));
  for (int step = 0; step < steps; ++step) {
    const double rate = 0.5 * kLearningRate * (1 + std::cos(std::numbers::pi * step / steps));
    for (auto& parameters : optimizer.param_groups()) parameters.options().set_lr(rate);
    const std::int64_t at = step * kBatch % kTrainImages;
    optimizer.zero_grad();
    const at::Tensor images = as_input(train.images.narrow(0, at, kBatch));
    const at::Tensor labels = train.labels.narrow(0, at, kBatch);
    parallel.backward([&] { return at::cross_entropy_loss(model->forward(images), labels); });
    optimizer.step();
  }
  return accuracy_of(model, test);
}

}  // namespace hadal::bench
