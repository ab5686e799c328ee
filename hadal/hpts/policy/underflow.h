#pragma once

#include "hadal/hpts/policy/policy.h"
#include "hadal/hpts/policy/subnormals.h"

#include <memory>

namespace hadal::hpts {

struct UnderflowOptions {
  /// The share of a layer's values that are not zero which may be lost, by count. Lost values are
  /// the smallest there are, so their share of the squared norm is never larger; and optimizers
  /// that divide by each value's own size (Adam) lose a step for each of them, however small.
  double lost_share = 0.01;
  /// What a crossing takes beyond a bound, as a share of it.
  double margin = 0.25;
  /// The crest of the gradient, in binades, up to which int8 blocks are fine enough. Rounding to
  /// 255 steps of the largest value has a root mean square error of largest / 440 = 2^-8.8 largest,
  /// so that at 6 binades the root mean square of the values is still 2^2.8 = 7 times that.
  double crest = 6;
  SubnormalFlush flush = {};  ///< where products flush, what becomes subnormal is lost too
};

/// The default. A layer computes in fp16 while the share of its gradient that fp16 loses is below
/// the bound and nothing overflows; else in bf16 on the same condition; else in fp32. (fp16 comes
/// first, as its numbers have 3 bits more at the same cost.) It saves int8 blocks while the
/// gradient's crest allows, else bf16; bf16 in the first and the last layer; and `exact` where it
/// computes in fp32. Before anything was measured layers compute in bf16, whose range is that of
/// fp32, and save as if the crest allowed, so that the first steps take no more memory than later
/// ones. Throws InvalidArgument for options out of range.
std::unique_ptr<PrecisionPolicy> underflow_policy(const UnderflowOptions& options = {});

}  // namespace hadal::hpts
