#pragma once

#include "hadal/msp/scan/finding.h"

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// When weights are odd enough to be told.
struct WeightLimits {
  /// A row is an outlier where its norm is above this many times the median, and
  double outlier_times_median = 4;
  /// above the median by this many times 1.4826 times the median absolute deviation.
  double outlier_deviations = 30;
  /// The lowest byte of fp32 weights is told where its entropy, of 8 bits at most, is below.
  double least_entropy = 6;
  /// Letters that follow each other in the lowest bits.
  std::int64_t most_text = 48;
};

/// What is measured of one tensor of floating point, [rows, ...] or [rows].
struct TensorStatistics {
  std::string name;
  std::string dtype;  ///< as safetensors calls it
  std::vector<std::int64_t> shape;
  std::int64_t not_finite = 0;  ///< elements
  double mean = 0;              ///< of those that are finite, as are the others
  double deviation = 0;
  double largest = 0;     ///< magnitude
  std::int64_t rows = 0;  ///< 0 where the tensor has one dimension or fewer than 8 rows
  std::int64_t outlier_rows = 0;
  std::int64_t dead_rows = 0;
  double largest_row = 0;     ///< norm of a row / median of the norms
  double entropy = -1;        ///< bits of the lowest byte; -1 where it says nothing
  std::int64_t text_run = 0;  ///< letters in a row, of the lowest 1, 2, 4 or 8 bits
};

/// Measures `tensor`. The entropy is that of fp32 tensors of at least 4096 elements of which more
/// than half differ and whose lowest bytes are not mostly 0: what was rounded has no random low
/// bits.
TensorStatistics measure_weights(const std::string& name, const at::Tensor& tensor,
                                 const WeightLimits& limits = {});

/// Adds what is odd about the tensor to `findings`.
void judge_weights(const TensorStatistics& statistics, const Place& place, Findings& findings,
                   const WeightLimits& limits = {});

}  // namespace hadal::msp
