#include "hadal/models/input_check.h"

#include "hadal/core/error.h"

#include <string>

namespace hadal::models {
namespace {

bool matches(at::IntArrayRef sizes, at::IntArrayRef shape) {
  if (sizes.size() != shape.size()) return false;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (shape[i] == -1 ? sizes[i] < 1 : sizes[i] != shape[i]) return false;
  }
  return true;
}

std::string describe(at::IntArrayRef shape) {
  std::string text = "[";
  for (const auto size : shape) {
    text += (text.size() == 1 ? "" : ", ") + (size == -1 ? "*" : std::to_string(size));
  }
  return text + "]";
}

}  // namespace

void require_input(std::string_view name, const at::Tensor& tensor, at::IntArrayRef shape,
                   at::ScalarType dtype) {
  if (!tensor.defined()) throw InvalidArgument(concat(name, ": the tensor is undefined"));
  if (tensor.scalar_type() == dtype && matches(tensor.sizes(), shape)) return;
  throw InvalidArgument(concat(name, ": expected ", dtype, " ", describe(shape), ", got ",
                               tensor.scalar_type(), " ", describe(tensor.sizes())));
}

}  // namespace hadal::models
