#pragma once

#include <cstdint>

namespace hadal::hpts {

/// Values that are not zero, but would be zero, or lose digits as a subnormal number, in a format.
struct Underflow {
  std::int64_t to_zero = 0;
  std::int64_t to_subnormal = 0;
  bool operator==(const Underflow&) const = default;
};

/// What one pass over the gradient of a layer tells, all its parameters together.
struct LayerStatistics {
  std::int64_t values = 0;      ///< all of them; 0 where the layer has no gradient
  std::int64_t non_finite = 0;  ///< NaN and infinite; no other figure takes note of them
  std::int64_t zeros = 0;
  Underflow fp16 = {};
  Underflow bf16 = {};
  std::int64_t fp16_overflow = 0;  ///< would be infinite in fp16
  double norm = 0;                 ///< Euclidean; of the unscaled gradient, as are the next two
  double largest = 0;              ///< magnitude; 0 where all are zero
  double smallest = 0;             ///< magnitude of those that are not zero; 0 where all are

  /// Values that are finite and not zero.
  std::int64_t nonzero() const { return values - non_finite - zeros; }
  /// log2(largest / smallest): the binades that the values span. 0 where all are zero.
  double dynamic_range() const;
  /// log2(largest / root mean square), in binades: what of the range of an integer format with one
  /// scale goes to the peak. 0 where all are zero.
  double crest() const;
  bool operator==(const LayerStatistics&) const = default;
};

}  // namespace hadal::hpts
