#pragma once

#include "hadal/hpts/policy/policy.h"

#include <memory>

namespace hadal::hpts {

struct PublishedOptions {
  double threshold = 0.1;  ///< t
  /// Multiplies t. 1.3 stands for hardware that flushes subnormal numbers (see probe_subnormals()).
  double device_factor = 1;
  /// What a crossing takes beyond the bounds, as a share of them; 0 is the scheduler as published.
  double margin = 0.25;
};

/// The published scheduler: a layer computes in fp16 where the norm of its gradient is below t / 2,
/// in bf16 below t, else in fp32; fp32 before anything was measured. What is saved for backward is
/// what the layer computed with. Throws InvalidArgument for options out of range.
std::unique_ptr<PrecisionPolicy> published_policy(const PublishedOptions& options = {});

}  // namespace hadal::hpts
