#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

namespace hadal::draf {

/// Calls work(first, last) for parts of 0 to `count`, from several threads where there is much to
/// do and whichever is free: `cost` is that of one, in bytes read or operations.
void share_out(std::int64_t count, double cost,
               const std::function<void(std::int64_t first, std::int64_t last)>& work);

/// Throws InvalidArgument where x is not [rows, inputs] of `type`, dense and on the CPU.
void check_activations(const at::Tensor& x, std::int64_t inputs, at::ScalarType type);

/// y, fp32 [rows, at least outputs], its first columns plus bias (fp32 or undefined), as `type`.
at::Tensor finish(at::Tensor y, const at::Tensor& bias, std::int64_t outputs, at::ScalarType type);

}  // namespace hadal::draf
