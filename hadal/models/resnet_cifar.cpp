#include "hadal/models/resnet_cifar.h"

#include "hadal/core/error.h"
#include "hadal/models/input_check.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/tensor.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/container/modulelist.h>

namespace hadal::models {
namespace {

int checked(int depth) {
  if (depth >= 8 && depth <= 1202 && depth % 6 == 2) return depth;
  throw InvalidArgument(concat("ResNetCifar: depth must be 6n + 2 from 8 to 1202, got ", depth),
                        "the paper's depths are 20, 32, 44, 56 and 110");
}

}  // namespace

class ResNetCifarImpl::BasicBlock : public torch::nn::Module {
 public:
  BasicBlock(std::int64_t in_channels, std::int64_t channels)
      : stride_(in_channels == channels ? 1 : 2),
        padding_((channels - in_channels) / 2),
        first_(*this, 1, in_channels, channels, stride_),
        second_(*this, 2, channels, channels) {}

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor residual = second_.forward(first_.forward(x).relu_());
    return residual.add(shortcut(x)).relu_();
  }

  void fold_batch_norm() {
    first_.fold(*this);
    second_.fold(*this);
  }

 private:
  at::Tensor shortcut(const at::Tensor& x) const {
    if (stride_ == 1) return x;
    const at::Tensor sampled = x.slice(2, 0, std::nullopt, 2).slice(3, 0, std::nullopt, 2);
    return at::constant_pad_nd(sampled, {0, 0, 0, 0, padding_, padding_});
  }

  std::int64_t stride_;
  std::int64_t padding_;  // channels of zeros on each side of the shortcut
  ConvBatchNorm first_;
  ConvBatchNorm second_;
};

ResNetCifarImpl::ResNetCifarImpl(int depth, std::int64_t classes)
    : torch::nn::Module("ResNetCifar"), stem_(*this, 1, 3, 16) {
  if (classes < 2) {
    throw InvalidArgument(concat("ResNetCifar: expected 2 or more classes, got ", classes));
  }
  const int blocks = (checked(depth) - 2) / 6;
  std::int64_t channels = 16;
  for (int stage = 1; stage <= 3; ++stage) {
    auto list = register_module("layer" + std::to_string(stage), torch::nn::ModuleList());
    for (int i = 0; i < blocks; ++i) {
      const std::int64_t in_channels = channels;
      channels = std::int64_t{8} << stage;
      blocks_.push_back(std::make_shared<BasicBlock>(in_channels, channels));
      list->push_back(blocks_.back());
    }
  }
  linear_ = register_module("linear", torch::nn::Linear(channels, classes));
  torch::nn::init::kaiming_normal_(linear_->weight);
}

at::Tensor ResNetCifarImpl::forward(const at::Tensor& images) {
  require_input("ResNetCifar: images", images, {-1, 3, 32, 32}, linear_->weight.scalar_type());
  at::Tensor x = stem_.forward(images).relu_();
  for (const auto& block : blocks_) x = block->forward(x);
  return linear_->forward(x.mean({2, 3}));
}

void ResNetCifarImpl::fold_batch_norm() {
  stem_.fold(*this);
  for (const auto& block : blocks_) block->fold_batch_norm();
}

at::Tensor normalize_cifar(const at::Tensor& images) {
  const bool is_bytes = images.defined() && images.scalar_type() == at::kByte;
  require_input("normalize_cifar: images", images, {-1, 3, 32, 32},
                is_bytes ? at::kByte : at::kFloat);
  const auto options = images.options().dtype(at::kFloat);
  const at::Tensor mean = at::tensor({0.485, 0.456, 0.406}, options).view({1, 3, 1, 1});
  const at::Tensor deviation = at::tensor({0.229, 0.224, 0.225}, options).view({1, 3, 1, 1});
  const at::Tensor scaled = is_bytes ? images.to(at::kFloat) / 255 : images;
  return (scaled - mean) / deviation;
}

}  // namespace hadal::models
