#include "hadal/bench/cases/input.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"

#include <cstddef>
#include <span>

#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>

namespace hadal::bench {

DataSource data_source(std::string description, bool generated,
                       std::initializer_list<at::Tensor> tensors) {
  // A hash of hashes, so that large inputs need no second copy.
  std::string parts;
  for (const at::Tensor& tensor : tensors) {
    const at::Tensor dense = tensor.contiguous();
    const std::span bytes(static_cast<const std::byte*>(dense.const_data_ptr()), dense.nbytes());
    parts += concat(tensor.scalar_type(), tensor.sizes(), sha256(bytes), '\n');
  }
  return {.description = std::move(description), .sha256 = sha256(parts), .generated = generated};
}

double accuracy(const at::Tensor& logits, const at::Tensor& labels) {
  return (at::argmax(logits, 1) == labels).to(at::kDouble).mean().item<double>();
}

double relative_error(const at::Tensor& got, const at::Tensor& exact) {
  return ((got.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

}  // namespace hadal::bench
