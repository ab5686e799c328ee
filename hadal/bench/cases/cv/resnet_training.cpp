#include "hadal/bench/cases/cv/resnet_training.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/hpts/checkpointing/checkpoint.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kClasses = 1000;
constexpr double kLearningRate = 0.01;
constexpr double kMomentum = 0.9;

models::ResNet make_model(const ResNetTrainingOptions& options) {
  seed_aten(options.seed);
  models::ResNet model(options.depth, kClasses);
  for (auto& parameter : model->parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.detach().contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
  return model;
}

/// LibTorch's autocast to bf16 on the CPU, until it ends.
class AtenAutocast {
 public:
  AtenAutocast() {
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCPU, true);
  }
  ~AtenAutocast() {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  AtenAutocast(const AtenAutocast&) = delete;
  AtenAutocast& operator=(const AtenAutocast&) = delete;
};

at::Tensor checkpointed_block(torch::nn::Module& module,
                              const std::function<at::Tensor(const at::Tensor&)>& block,
                              const at::Tensor& x) {
  return hpts::checkpoint(
      [block](const std::vector<at::Tensor>& inputs) -> std::vector<at::Tensor> {
        return {block(inputs[0])};
      },
      {x}, module.buffers())[0];
}

}  // namespace

ResNetTraining::ResNetTraining(const ResNetTrainingOptions& options)
    : model_(make_model(options)),
      images_(at::randn({options.batch, 3, options.size, options.size})
                  .contiguous(at::MemoryFormat::ChannelsLast)),
      labels_(at::randint(kClasses, {options.batch}, at::kLong)) {
  if (!options.state) {
    if (options.step_in_backward) throw InvalidArgument("LibTorch's SGD has no step in backward");
    libtorch_ = std::make_unique<torch::optim::SGD>(
        model_->parameters(), torch::optim::SGDOptions(kLearningRate).momentum(kMomentum));
    return;
  }
  optimizer_ = std::make_unique<hpts::Optimizer>(
      hpts::parameter_groups(hpts::named_parameters(*model_), kLearningRate, /*weight_decay=*/0),
      hpts::Sgd{.momentum = kMomentum}, hpts::OptimizerOptions{.state = *options.state});
  if (options.step_in_backward) {
    step_in_backward_ = std::make_unique<hpts::StepInBackward>(*optimizer_);
  }
}

ResNetTraining::~ResNetTraining() = default;

double ResNetTraining::step(const Forward& forward, const std::function<void()>& after_forward) {
  model_->zero_grad();
  const at::Tensor loss = forward(*this);
  after_forward();
  loss.backward();
  if (libtorch_) {
    libtorch_->step();
  } else if (!step_in_backward_) {
    optimizer_->step();
  }
  return loss.item<double>();
}

at::Tensor ResNetTraining::loss(const models::RunBlock& run) {
  return at::cross_entropy_loss(model_->forward(images_, run), labels_);
}

at::Tensor forward_fp32(ResNetTraining& training) { return training.loss(); }

at::Tensor forward_aten_autocast(ResNetTraining& training) {
  const AtenAutocast autocast;
  return training.loss();
}

ResNetTraining::Forward forward_hadal(const HadalTraining& how) {
  return [how](ResNetTraining& training) {
    const hpts::Autocast autocast(*training.model(), {.otherwise = how.plan}, how.options);
    return training.loss(how.checkpointing ? models::RunBlock(checkpointed_block)
                                           : models::RunBlock());
  };
}

}  // namespace hadal::bench
