#include "hadal/draf/parallel/tensor_parallel.h"

#include <ATen/ops/empty.h>

namespace hadal::draf {

PendingCollective TensorParallel::sum(const at::Tensor& part) {
  bytes_ += static_cast<std::int64_t>(part.nbytes());
  return group_->all_reduce(part, "partial sums of a layer");
}

at::Tensor TensorParallel::join_columns(const at::Tensor& part) {
  bytes_ += static_cast<std::int64_t>(part.nbytes());
  const at::Tensor parts = at::empty({ranks(), part.size(0), part.size(1)}, part.options());
  group_->all_gather(parts, part, "logits").wait();
  return parts.transpose(0, 1).reshape({part.size(0), ranks() * part.size(1)});
}

}  // namespace hadal::draf
