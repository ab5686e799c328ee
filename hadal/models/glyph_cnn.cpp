#include "hadal/models/glyph_cnn.h"

#include "hadal/core/error.h"
#include "hadal/models/input_check.h"

#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

namespace hadal::models {

GlyphCnnImpl::GlyphCnnImpl(std::int64_t classes)
    : torch::nn::Module("GlyphCnn"),
      conv1_(*this, 1, 1, 16),
      conv2_(*this, 2, 16, 32),
      conv3_(*this, 3, 32, 48),
      conv4_(*this, 4, 48, 64) {
  if (classes < 2) {
    throw InvalidArgument(concat("GlyphCnn: expected 2 or more classes, got ", classes));
  }
  linear_ = register_module("linear", torch::nn::Linear(64, classes));
}

at::Tensor GlyphCnnImpl::forward(const at::Tensor& images) {
  return linear_->forward(features(images));
}

at::Tensor GlyphCnnImpl::features(const at::Tensor& images) {
  require_input("GlyphCnn: images", images, {-1, 1, 28, 28}, linear_->weight.scalar_type());
  at::Tensor x = at::max_pool2d(at::relu(conv1_.forward(images)), 2);
  x = at::max_pool2d(at::relu(conv2_.forward(x)), 2);
  x = at::relu(conv3_.forward(x));
  x = at::relu(conv4_.forward(x));
  return x.mean({2, 3});
}

void GlyphCnnImpl::fold_batch_norm() {
  for (ConvBatchNorm* layer : {&conv1_, &conv2_, &conv3_, &conv4_}) layer->fold(*this);
}

}  // namespace hadal::models
