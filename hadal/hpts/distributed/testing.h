#pragma once

#include "hadal/core/process_group/testing.h"
#include "hadal/core/random.h"
#include "hadal/hpts/distributed/data_parallel.h"
#include "hadal/hpts/test_support.h"

#include <vector>

#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

/// What the tests of this folder share: a small convolutional network whose layers have uneven
/// shapes, and a batch of examples that ranks split among them.
namespace hadal::hpts::testing {

struct SmallNetImpl : torch::nn::Cloneable<SmallNetImpl> {
  explicit SmallNetImpl(std::int64_t a_width = 12) : width(a_width) { reset(); }
  void reset() override {
    conv1 = register_module("conv1", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 7, 3)));
    conv2 = register_module("conv2", torch::nn::Conv2d(torch::nn::Conv2dOptions(7, 13, 3)));
    hidden = register_module("hidden", torch::nn::Linear(13 * 4 * 4, width));
    out = register_module("out", torch::nn::Linear(width, 5));
  }
  at::Tensor forward(const at::Tensor& images) {
    at::Tensor x = conv2->forward(conv1->forward(images).relu()).relu();
    return out->forward(hidden->forward(x.flatten(1)).tanh());
  }
  std::int64_t width;
  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr};
  torch::nn::Linear hidden{nullptr}, out{nullptr};
};
TORCH_MODULE(SmallNet);

struct Batch {
  at::Tensor images;  // [n, 1, 8, 8]
  at::Tensor labels;  // [n]

  Batch part(std::int64_t number, std::int64_t parts) const {
    const std::int64_t length = images.size(0) / parts;
    return {images.narrow(0, number * length, length), labels.narrow(0, number * length, length)};
  }
};

/// The same on all ranks for the same seed.
inline Batch make_batch(std::int64_t size, std::uint64_t seed) {
  seed_aten(seed);
  return {at::randn({size, 1, 8, 8}), at::randint(5, {size}, at::kLong)};
}

inline at::Tensor loss_of(SmallNet& net, const Batch& batch) {
  return at::cross_entropy_loss(net->forward(batch.images), batch.labels);
}

/// One vector of all gradients.
inline at::Tensor flat_gradient(const torch::nn::Module& module) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& gradient : gradients_of(module)) flat.push_back(gradient.reshape(-1));
  return at::cat(flat);
}

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

inline std::shared_ptr<ProcessGroup> test_group(int timeout_ms = 20'000) {
  return init_process_group({.timeout = std::chrono::milliseconds(timeout_ms)});
}

/// Gradients in several buckets, though the model is small.
inline constexpr DataParallelOptions kSmallBuckets{.first_bucket_bytes = 300, .bucket_bytes = 4000};

}  // namespace hadal::hpts::testing
