#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// The steps after which step sizes are looked at: 22, 41, 57, 70, 80, 87, 93 and 99 of 100.
std::vector<int> apgd_checkpoints(int steps);

/// The best point and the step size of each input in a run of Apgd.
class ApgdSchedule {
 public:
  /// Step sizes start at `step_size`.
  ApgdSchedule(int steps, double rho, double step_size);

  /// Tells of the points `x` [n, ...] after `step` steps, of their losses [n] and gradients. At a
  /// checkpoint, step sizes are halved for those inputs whose loss rose in no more than a share rho
  /// of the steps since the last one, or whose step size stayed there and whose best loss has not
  /// grown since; and they get back their best point and its gradient.
  void observe(int step, at::Tensor& x, const at::Tensor& loss, at::Tensor& gradient);
  /// [n].
  const at::Tensor& step_sizes() const { return step_sizes_; }
  /// Leaves the rows `index`, int64 [m].
  void keep(const at::Tensor& index);

 private:
  at::Tensor halve(int interval);

  std::vector<int> checkpoints_;
  double rho_, step_size_;
  int last_checkpoint_ = 0;
  at::Tensor step_sizes_, previous_loss_, rises_;
  at::Tensor best_x_, best_gradient_, best_loss_;
  at::Tensor halved_, best_at_checkpoint_;  // at the last one
};

}  // namespace hadal::msp
