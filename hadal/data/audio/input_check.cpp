#include "hadal/data/audio/input_check.h"

#include "hadal/core/error.h"

#include <ATen/ops/aminmax.h>

namespace hadal::data {
namespace {

std::string describe(const at::Tensor& tensor) {
  if (!tensor.defined()) return "an undefined tensor";
  return concat(tensor.scalar_type(), " ", tensor.sizes(), " on ", tensor.device());
}

}  // namespace

void require_batch(std::string_view name, const at::Tensor& tensor, std::int64_t dimensions) {
  const bool fits = tensor.defined() && tensor.scalar_type() == at::kFloat &&
                    tensor.dim() == dimensions && tensor.numel() > 0 && tensor.device().is_cpu();
  if (fits) return;
  throw InvalidArgument(concat(name, ": expected Float with ", dimensions,
                               " dimensions, none of size 0, on cpu, got ", describe(tensor)));
}

void require_lengths(std::string_view name, const at::Tensor& lengths, std::int64_t count,
                     std::int64_t low, std::int64_t high) {
  const bool fits = lengths.defined() && lengths.scalar_type() == at::kLong && lengths.dim() == 1 &&
                    lengths.size(0) == count && lengths.device().is_cpu();
  if (!fits) {
    throw InvalidArgument(
        concat(name, ": expected Long [", count, "] on cpu, got ", describe(lengths)));
  }
  const auto [smallest, largest] = at::aminmax(lengths);
  const auto shortest = smallest.item<std::int64_t>();
  const auto longest = largest.item<std::int64_t>();
  if (shortest >= low && longest <= high) return;
  throw InvalidArgument(concat(name, ": expected values from ", low, " to ", high, ", got ",
                               shortest < low ? shortest : longest));
}

}  // namespace hadal::data
