#pragma once

#include "hadal/hpts/autocast/autocast.h"
#include "hadal/hpts/optimizer/step_in_backward.h"
#include "hadal/models/resnet.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <ATen/core/Tensor.h>
#include <torch/optim/sgd.h>

namespace hadal::bench {

struct ResNetTrainingOptions {
  int depth = 50;
  std::int64_t batch = 16;
  std::int64_t size = 224;  ///< of the images, squares
  std::uint64_t seed = 1;
  /// hpts::Optimizer with its momentum in this format, instead of LibTorch's SGD; and whether it
  /// moves each parameter during the backward pass.
  std::optional<hpts::StateFormat> state = {};
  bool step_in_backward = false;
};

/// A ResNet that learns one batch of generated images with SGD and momentum. Images and kernels are
/// channels-last, which convolutions are fastest on in any precision.
class ResNetTraining {
 public:
  /// Throws InvalidArgument where `step_in_backward` is asked of LibTorch's SGD.
  explicit ResNetTraining(const ResNetTrainingOptions& options);
  ~ResNetTraining();
  ResNetTraining(const ResNetTraining&) = delete;
  ResNetTraining& operator=(const ResNetTraining&) = delete;

  /// How the loss of the batch is computed: the forward pass of a step.
  using Forward = std::function<at::Tensor(ResNetTraining&)>;
  /// One step. Returns its loss, and calls `after_forward` in between.
  double step(const Forward& forward, const std::function<void()>& after_forward = [] {});

  at::Tensor loss(const models::RunBlock& run = {});
  models::ResNet& model() { return model_; }
  const at::Tensor& images() const { return images_; }

 private:
  models::ResNet model_;
  std::unique_ptr<torch::optim::SGD> libtorch_;
  std::unique_ptr<hpts::Optimizer> optimizer_;
  std::unique_ptr<hpts::StepInBackward> step_in_backward_;
  at::Tensor images_, labels_;
};

/// In fp32, and by LibTorch's own autocast to bf16.
at::Tensor forward_fp32(ResNetTraining& training);
at::Tensor forward_aten_autocast(ResNetTraining& training);

struct HadalTraining {
  hpts::LayerPlan plan = {hpts::Precision::bf16, hpts::SavedFormat::int8_blocks};
  hpts::AutocastOptions options = {};
  bool checkpointing = false;  ///< of each residual block
};
/// Under hpts::Autocast.
ResNetTraining::Forward forward_hadal(const HadalTraining& how = {});

}  // namespace hadal::bench
