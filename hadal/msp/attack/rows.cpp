#include "hadal/msp/attack/rows.h"

#include <vector>

namespace hadal::msp {

at::Tensor places_of(const at::Tensor& mask) { return mask.nonzero().squeeze(1); }

void keep_rows(const at::Tensor& index, std::initializer_list<at::Tensor*> tensors) {
  for (at::Tensor* tensor : tensors) {
    if (tensor->defined()) *tensor = tensor->index_select(0, index);
  }
}

at::Tensor column(const at::Tensor& values, const at::Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = values.size(0);
  return values.view(shape);
}

}  // namespace hadal::msp
