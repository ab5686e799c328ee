#pragma once

#include "hadal/hpts/distributed/hook.h"

namespace hadal::hpts {

struct PowerSgdOptions {
  std::int64_t rank = 4;
  /// Steps at the start that send gradients as they are, while they change fast.
  std::int64_t dense_steps = 10;
  /// A gradient is compressed where that makes it smaller by this factor or more.
  double least_compression = 2;
  std::uint64_t seed = 0;  ///< of the first Q; the same on all ranks
};

/// PowerSGD (Vogels, Karimireddy and Jaggi, 2019): a gradient matrix M [n, m] is replaced by P Q^T
/// with P [n, rank] and Q [m, rank] from one step of subspace iteration that starts at the Q of the
/// step before (warm start). A bucket takes two collectives: all its P, together with the gradients
/// that are not worth compressing, then all its Q. Gradients with more dimensions than two are
/// matrices [first, rest].
///
/// What compression leaves out is added to the next step's gradient (error feedback). Each rank
/// keeps the part of its own M that lies outside P's columns, M - P P^T M. So the mean of all
/// ranks' errors is what the mean gradient lacks, as in the paper; and no error is larger than its
/// M, while M - P mean(Q)^T, which others keep, would add up each rank's deviation from the mean,
/// step after step.
///
/// Names in state(): "power_sgd.error.<parameter>" [n, m] and "power_sgd.q.<parameter>" [rank, m],
/// and "power_sgd.steps", an int64 scalar. The errors are each rank's own.
/// Throws InvalidArgument for options out of range, at once.
std::unique_ptr<GradientHook> power_sgd_hook(const PowerSgdOptions& options = {});

}  // namespace hadal::hpts
