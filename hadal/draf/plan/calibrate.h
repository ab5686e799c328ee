#pragma once

#include "hadal/core/process_group/process_group.h"
#include "hadal/draf/linear/linear.h"
#include "hadal/draf/plan/cluster.h"

#include <cstdint>
#include <vector>

namespace hadal::draf::plan {

/// Of a parameter, with its part of the scales.
double weight_bytes(WeightFormat format);

struct CalibrationOptions {
  WeightFormat format = WeightFormat::bf16;  ///< of the products' weights
  std::int64_t dim = 2048;                   ///< of the products' weights, [dim, dim]
  double seconds = 15;                       ///< that the measurements together may take, about
};

/// A time that was measured of a product with `rows` tokens and [dim, dim] weights.
struct TimedProduct {
  double rows = 0;
  double dim = 0;
  double seconds = 0;
};

/// The device whose matmul_seconds() fit what was measured best: the rates are those of the product
/// with the most and the fewest rows, the time of a kernel is that of the smallest, and
/// roofline_power the one of 1 to 16 with the least error. Sets nothing else. Throws
/// InvalidArgument for fewer than three products.
Device fit_products(const std::vector<TimedProduct>& products, double weight_bytes);

/// The link that sums of `bytes` over a ring of `ranks` suggest, which took `few_seconds` for next
/// to no bytes and `many_seconds` for `bytes`.
Link fit_link(std::int64_t ranks, double few_seconds, double bytes, double many_seconds);

/// Measures this machine as the engine uses it: products by its own kernels, sums of long tensors,
/// and, where the group has several processes, their all-reduces. All its processes have to call
/// it; each counts as a device of one node, measured while the others compute too, and all get the
/// same result, the mean of theirs. What is not measured keeps its default.
Cluster calibrate(ProcessGroup& group, const CalibrationOptions& options = {});

}  // namespace hadal::draf::plan
