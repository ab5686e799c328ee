#include "hadal/hpts/train/image_task.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/hpts/train/evaluation_mode.h"
#include "hadal/hpts/train/image_input.h"
#include "hadal/models/glyph_cnn.h"
#include "hadal/models/resnet.h"
#include "hadal/models/resnet_cifar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include <ATen/ops/cross_entropy_loss.h>
#include <c10/core/GradMode.h>

namespace hadal::hpts {
namespace {

constexpr std::int64_t kTestBatch = 200;
constexpr std::array kCifarDepths{20, 32, 44, 56, 110};
constexpr std::array kImageNetDepths{18, 34, 50, 101, 152};

/// A network of any class, and what it takes.
struct Network {
  std::shared_ptr<torch::nn::Module> module;
  std::function<at::Tensor(const at::Tensor&)> forward;
  std::int64_t channels = 3;
  std::int64_t size = 32;  // its own
  bool any_size = false;
};

template <class Holder>
Network network_of(Holder holder, Network network) {
  network.module = holder.ptr();
  network.forward = [holder](const at::Tensor& x) mutable { return holder->forward(x); };
  return network;
}

Network make_network(const std::string& name, std::int64_t classes) {
  if (name == "glyph-cnn") {
    return network_of(models::GlyphCnn(classes),
                      {.module = {}, .forward = {}, .channels = 1, .size = 28});
  }
  int depth = 0;
  std::from_chars(name.data() + std::string_view("resnet").size(), name.data() + name.size(),
                  depth);
  if (std::ranges::find(kImageNetDepths, depth) == kImageNetDepths.end()) {
    return network_of(models::ResNetCifar(depth, classes), {});
  }
  return network_of(models::ResNet(depth, classes),
                    {.module = {}, .forward = {}, .size = 224, .any_size = true});
}

class ImageTask final : public Task {
 public:
  ImageTask(const ImageTaskOptions& options, data::ImageSet images, Network network)
      : options_(options),
        images_(std::move(images)),
        network_(std::move(network)),
        size_(options.size == 0 ? network_.size : options.size),
        description_(options.model + ", " + images_.description) {}

  torch::nn::Module& model() override { return *network_.module; }
  std::int64_t example_count() const override { return images_.train.images.size(0); }
  const std::string& description() const override { return description_; }

  at::Tensor loss(const at::Tensor& indices, Random& random) override {
    at::Tensor batch = images_.train.images.index_select(0, indices);
    if (options_.crop) batch = shift_randomly(batch, random);
    if (options_.flip) batch = mirror_randomly(batch, random);
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
    return network_.forward(network_input(images, network_.channels, size_)).to(at::kFloat);
  }

  ImageTaskOptions options_;
  data::ImageSet images_;
  Network network_;
  std::int64_t size_;
  std::string description_;
};

}  // namespace

const std::vector<std::string>& image_model_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all{"glyph-cnn"};
    for (const int depth : kCifarDepths) all.push_back(concat("resnet", depth));
    for (const int depth : kImageNetDepths) all.push_back(concat("resnet", depth));
    return all;
  }();
  return names;
}

std::unique_ptr<Task> make_image_task(const ImageTaskOptions& options, data::ImageSet images) {
  const auto& names = image_model_names();
  if (std::ranges::find(names, options.model) == names.end()) {
    throw InvalidArgument(concat("image task: unknown model ", quote(options.model)));
  }
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1)) {
    throw InvalidArgument(concat("image task: expected a label_smoothing from 0 to below 1, got ",
                                 options.label_smoothing));
  }
  Network network = make_network(options.model, images.classes);
  if (options.size != 0 && options.size != network.size &&
      !(network.any_size && options.size >= 32)) {
    throw InvalidArgument(concat("image task: ", options.model, " takes images of ",
                                 network.any_size ? "32 pixels or more" : "its own size",
                                 ", got size ", options.size));
  }
  return std::make_unique<ImageTask>(options, std::move(images), std::move(network));
}

}  // namespace hadal::hpts
