#include "hadal/models/resnet.h"

#include "hadal/core/error.h"
#include "hadal/models/input_check.h"

#include <array>
#include <optional>

#include <ATen/ops/max_pool2d.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/container/modulelist.h>

namespace hadal::models {
namespace {

constexpr std::int64_t kStages = 4;
constexpr std::int64_t kStemChannels = 64;
constexpr std::int64_t kExpansion = 4;  // of a bottleneck's channels in its output

/// A depth of table 1: the blocks of each stage, and whether they are bottlenecks.
struct Architecture {
  int depth;
  std::array<int, kStages> blocks;
  bool bottlenecks;
};

constexpr std::array kArchitectures{
    Architecture{18, {2, 2, 2, 2}, false}, Architecture{34, {3, 4, 6, 3}, false},
    Architecture{50, {3, 4, 6, 3}, true}, Architecture{101, {3, 4, 23, 3}, true},
    Architecture{152, {3, 8, 36, 3}, true}};

const Architecture& architecture_of(int depth) {
  for (const auto& architecture : kArchitectures) {
    if (architecture.depth == depth) return architecture;
  }
  throw InvalidArgument(concat("ResNet: expected a depth of 18, 34, 50, 101 or 152, got ", depth));
}

ConvBatchNormOptions layer(int index, std::int64_t in_channels, std::int64_t out_channels,
                           std::int64_t kernel, std::int64_t stride = 1) {
  return {.conv_name = concat("conv", index),
          .norm_name = concat("bn", index),
          .in_channels = in_channels,
          .out_channels = out_channels,
          .kernel = kernel,
          .stride = stride};
}

std::vector<ConvBatchNormOptions> residual_layers(bool bottleneck, std::int64_t in_channels,
                                                  std::int64_t channels, std::int64_t stride) {
  if (!bottleneck) {
    return {layer(1, in_channels, channels, 3, stride), layer(2, channels, channels, 3)};
  }
  return {layer(1, in_channels, channels, 1), layer(2, channels, channels, 3, stride),
          layer(3, channels, kExpansion * channels, 1)};
}

}  // namespace

class ResNetImpl::Block : public torch::nn::Module {
 public:
  Block(bool bottleneck, std::int64_t in_channels, std::int64_t channels, std::int64_t stride) {
    for (const auto& options : residual_layers(bottleneck, in_channels, channels, stride)) {
      layers_.emplace_back(*this, options);
    }
    const std::int64_t out_channels = bottleneck ? kExpansion * channels : channels;
    if (stride == 1 && in_channels == out_channels) return;
    auto shortcut = register_module("downsample", std::make_shared<torch::nn::Module>());
    shortcut_.emplace(*shortcut, ConvBatchNormOptions{.conv_name = "0",
                                                      .norm_name = "1",
                                                      .in_channels = in_channels,
                                                      .out_channels = out_channels,
                                                      .kernel = 1,
                                                      .stride = stride});
  }

  at::Tensor forward(const at::Tensor& x) {
    at::Tensor residual = layers_.front().forward(x);
    for (std::size_t i = 1; i < layers_.size(); ++i) {
      residual = layers_[i].forward(residual.relu_());
    }
    return residual.add(shortcut_ ? shortcut_->forward(x) : x).relu_();
  }

 private:
  std::vector<ConvBatchNorm> layers_;
  std::optional<ConvBatchNorm> shortcut_;
};

ResNetImpl::ResNetImpl(int depth, std::int64_t classes)
    : torch::nn::Module("ResNet"), stem_(*this, layer(1, 3, kStemChannels, 7, 2)) {
  if (classes < 2) {
    throw InvalidArgument(concat("ResNet: expected 2 or more classes, got ", classes));
  }
  const Architecture& architecture = architecture_of(depth);
  std::int64_t in_channels = kStemChannels;
  for (std::int64_t stage = 0; stage < kStages; ++stage) {
    auto list = register_module(concat("layer", stage + 1), torch::nn::ModuleList());
    const std::int64_t channels = kStemChannels << stage;
    for (int i = 0; i < architecture.blocks[static_cast<std::size_t>(stage)]; ++i) {
      const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
      blocks_.push_back(
          std::make_shared<Block>(architecture.bottlenecks, in_channels, channels, stride));
      list->push_back(blocks_.back());
      in_channels = architecture.bottlenecks ? kExpansion * channels : channels;
    }
  }
  linear_ = register_module("fc", torch::nn::Linear(in_channels, classes));
}

at::Tensor ResNetImpl::forward(const at::Tensor& images, const RunBlock& run) {
  require_input("ResNet: images", images, {-1, 3, -1, -1}, linear_->weight.scalar_type());
  if (images.size(2) < 32 || images.size(3) < 32) {
    throw InvalidArgument(concat("ResNet: expected images of 32x32 or more, got ", images.size(2),
                                 "x", images.size(3)));
  }
  at::Tensor x = stem_.forward(images).relu_();
  x = at::max_pool2d(x, /*kernel_size=*/3, /*stride=*/2, /*padding=*/1);
  for (const auto& block : blocks_) {
    const auto forward_block = [&](const at::Tensor& input) { return block->forward(input); };
    x = run ? run(*block, forward_block, x) : forward_block(x);
  }
  return linear_->forward(x.mean({2, 3}));
}

}  // namespace hadal::models
