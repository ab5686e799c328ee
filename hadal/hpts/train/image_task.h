#pragma once

#include "hadal/data/sets/sets.h"
#include "hadal/hpts/train/image_input.h"
#include "hadal/hpts/train/task.h"

#include <cstdint>
#include <memory>
#include <string>

namespace hadal::hpts {

struct ImageTaskOptions {
  std::string model = "resnet20";  ///< as for make_image_network(), and so is the size
  std::int64_t size = 0;           ///< height and width in pixels that images are scaled to
  Augmentation augmentation = {};
  double label_smoothing = 0.0;
};

/// Classification of the images of a set by cross-entropy; the score is the accuracy. The weights
/// are drawn from ATen's generator. Throws InvalidArgument for options out of range.
std::unique_ptr<Task> make_image_task(const ImageTaskOptions& options, data::ImageSet images);

}  // namespace hadal::hpts
