#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace hadal::hpts {

/// A network for images by its name, and what it takes.
struct ImageNetwork {
  std::shared_ptr<torch::nn::Module> module;
  /// What network_input() gives, [n, channels, h, w], to logits [n, classes].
  std::function<at::Tensor(const at::Tensor&)> forward;
  std::int64_t channels = 3;
  std::int64_t size = 32;  ///< height and width in pixels
};

/// "glyph-cnn" and "small-cnn" for 28x28 grey images; of He et al. (2016) "resnet20", 32, 44, 56
/// and 110 for 32x32 images, and "resnet18", 34, 50, 101 and 152 for ImageNet's.
const std::vector<std::string>& image_model_names();

/// The network `name` with weights drawn from ATen's generator. `size` is that of its images where
/// it takes several, as those of ImageNet do, 32 or more; 0 is its own: 28, 32 or 224. Throws
/// InvalidArgument for another name, or a size that it does not take.
ImageNetwork make_image_network(const std::string& name, std::int64_t classes,
                                std::int64_t size = 0);

}  // namespace hadal::hpts
