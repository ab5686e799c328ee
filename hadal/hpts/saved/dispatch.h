#pragma once

#include "hadal/hpts/saved/kernels.h"

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

/// Whether there are kernels for x's values: a dense tensor of fp32 or bf16 in the CPU's memory.
bool has_kernels(const at::Tensor& x);
/// The kernels of kFloat or kBFloat16 for isa().
const Kernels& kernels_for(at::ScalarType type);

}  // namespace hadal::hpts
