#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// Seconds of one run: the least of a few, because these figures stand beside a physical limit.
double seconds_of(const std::function<void()>& run);

/// Reads all of a contiguous tensor with all threads, and does next to nothing with it.
void read_all(const at::Tensor& tensor);

}  // namespace hadal::bench
