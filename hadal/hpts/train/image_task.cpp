#include "hadal/hpts/train/image_task.h"

#include "hadal/core/error.h"
#include "hadal/hpts/train/evaluation_mode.h"
#include "hadal/hpts/train/image_input.h"
#include "hadal/hpts/train/image_network.h"

#include <algorithm>

#include <ATen/ops/cross_entropy_loss.h>
#include <c10/core/GradMode.h>
#include <torch/nn/module.h>

namespace hadal::hpts {
namespace {

constexpr std::int64_t kTestBatch = 200;

class ImageTask final : public Task {
 public:
  ImageTask(const ImageTaskOptions& options, data::ImageSet images, ImageNetwork network)
      : options_(options),
        images_(std::move(images)),
        network_(std::move(network)),
        description_(options.model + ", " + images_.description) {}

  torch::nn::Module& model() override { return *network_.module; }
  std::int64_t example_count() const override { return images_.train.images.size(0); }
  const std::string& description() const override { return description_; }

  at::Tensor loss(const at::Tensor& indices, Random& random) override {
    const at::Tensor batch =
        augmented(images_.train.images.index_select(0, indices), options_.augmentation, random);
    return at::cross_entropy_loss(logits(batch), images_.train.labels.index_select(0, indices),
                                  /*weight=*/{}, at::Reduction::Mean, /*ignore_index=*/-100,
                                  options_.label_smoothing);
  }

  Score score() override {
    const EvaluationMode mode(*network_.module);
    const c10::NoGradGuard no_grad;
    const std::int64_t count = images_.test.images.size(0);
    std::int64_t right = 0;
    for (std::int64_t begin = 0; begin < count; begin += kTestBatch) {
      const std::int64_t size = std::min(kTestBatch, count - begin);
      const at::Tensor guess = logits(images_.test.images.narrow(0, begin, size)).argmax(1);
      right += guess.eq(images_.test.labels.narrow(0, begin, size)).sum().item<std::int64_t>();
    }
    return {"accuracy", static_cast<double>(right) / static_cast<double>(count)};
  }

 private:
  at::Tensor logits(const at::Tensor& images) {
    return network_.forward(network_input(images, network_.channels, network_.size)).to(at::kFloat);
  }

  ImageTaskOptions options_;
  data::ImageSet images_;
  ImageNetwork network_;
  std::string description_;
};

}  // namespace

std::unique_ptr<Task> make_image_task(const ImageTaskOptions& options, data::ImageSet images) {
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1)) {
    throw InvalidArgument(concat("image task: expected a label_smoothing from 0 to below 1, got ",
                                 options.label_smoothing));
  }
  ImageNetwork network = make_image_network(options.model, images.classes, options.size);
  return std::make_unique<ImageTask>(options, std::move(images), std::move(network));
}

}  // namespace hadal::hpts
