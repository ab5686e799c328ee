#pragma once

#include "hadal/data/sets/sets.h"
#include "hadal/hpts/train/task.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::hpts {

struct ImageTaskOptions {
  std::string model = "resnet20";  ///< one of image_model_names()
  /// Height and width in pixels that images are scaled to; 0 is the network's own: 28 for
  /// glyph-cnn, 32 for networks of CIFAR, 224 for those of ImageNet, which take any from 32 on.
  std::int64_t size = 0;
  bool crop = false;  ///< shift by up to an eighth of the size, zeros coming in
  bool flip = false;  ///< mirror half of the images
  double label_smoothing = 0.0;
};

/// "glyph-cnn"; of He et al. (2016) "resnet20", 32, 44, 56 and 110 for 32x32 images, and
/// "resnet18", 34, 50, 101 and 152 for ImageNet's.
const std::vector<std::string>& image_model_names();

/// Classification of the images of a set by cross-entropy; the score is the accuracy. The weights
/// are drawn from ATen's generator. Throws InvalidArgument for options out of range.
std::unique_ptr<Task> make_image_task(const ImageTaskOptions& options, data::ImageSet images);

}  // namespace hadal::hpts
