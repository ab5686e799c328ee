#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace hadal::data {

/// Throws InvalidArgument, naming what was expected and found, unless `tensor` is fp32 with
/// `dimensions` dimensions, all of size 1 or more, on the CPU.
void require_batch(std::string_view name, const at::Tensor& tensor, std::int64_t dimensions);

/// The same unless `lengths` is int64 [count] on the CPU with values from `low` to `high`.
void require_lengths(std::string_view name, const at::Tensor& lengths, std::int64_t count,
                     std::int64_t low, std::int64_t high);

}  // namespace hadal::data
