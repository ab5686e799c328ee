#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::data {

/// Images and the class of each.
struct LabelledImages {
  /// uint8 [n, channels, height, width].
  at::Tensor images;
  /// int64 [n].
  at::Tensor labels;
};

}  // namespace hadal::data
