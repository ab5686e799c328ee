#include "hadal/models/small_cnn.h"

#include "hadal/core/error.h"
#include "hadal/models/input_check.h"

#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

namespace hadal::models {

SmallCnnImpl::SmallCnnImpl(std::int64_t classes)
    : torch::nn::Module("SmallCnn"),
      conv1_(torch::nn::Conv2dOptions(1, 32, 5).stride(2).padding(2)),
      conv2_(torch::nn::Conv2dOptions(32, 64, 3).padding(1)),
      conv3_(torch::nn::Conv2dOptions(64, 64, 3).padding(1)),
      linear1_(64 * 7 * 7, 200),
      linear2_(200, classes) {
  if (classes < 2) {
    throw InvalidArgument(concat("SmallCnn: expected 2 or more classes, got ", classes));
  }
  register_module("conv1", conv1_);
  register_module("conv2", conv2_);
  register_module("conv3", conv3_);
  register_module("linear1", linear1_);
  register_module("linear2", linear2_);
}

at::Tensor SmallCnnImpl::forward(const at::Tensor& images) {
  require_input("SmallCnn: images", images, {-1, 1, 28, 28}, linear2_->weight.scalar_type());
  at::Tensor x = at::relu(conv1_->forward(images));
  x = at::max_pool2d(at::relu(conv2_->forward(x)), 2);
  x = at::relu(conv3_->forward(x));
  return linear2_->forward(at::relu(linear1_->forward(x.flatten(1))));
}

}  // namespace hadal::models
