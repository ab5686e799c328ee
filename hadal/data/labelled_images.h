#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::data {

struct LabelledImages {
  at::Tensor images;  ///< uint8 [n, c, h, w]
  at::Tensor labels;  ///< int64 [n]
};

}  // namespace hadal::data
