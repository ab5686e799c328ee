#pragma once

#include "hadal/hpts/optimizer/parameter.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hadal::hpts {

/// Skips the steps of a loss or gradient that is not finite, and ends a training that makes too
/// many of them in a row:
///
///     if (guard.admits_loss(loss.item<double>())) {
///       loss.backward();
///       if (guard.admits_gradients()) optimizer.step();
///     }
///     optimizer.zero_grad();
class FiniteGuard {
 public:
  /// `parameters` in the order of the model. Throws InvalidArgument where `patience`, the skipped
  /// steps in a row that end the training, is below 1.
  explicit FiniteGuard(std::vector<NamedParameter> parameters, int patience = 10);

  /// Whether the loss, and after the backward all gradients, are finite, in one pass. Where not,
  /// the step is counted as skipped, and at `patience` in a row throws Error, which names the first
  /// parameter with a value or gradient that is not finite.
  bool admits_loss(double loss);
  bool admits_gradients();
  /// The same for those who know the norm of all gradients.
  bool admits_gradients(double norm);

  std::int64_t skipped() const { return skipped_; }

 private:
  bool skip(const std::string& reason);

  std::vector<NamedParameter> parameters_;
  int patience_;
  int in_a_row_ = 0;
  std::int64_t skipped_ = 0;
};

}  // namespace hadal::hpts
