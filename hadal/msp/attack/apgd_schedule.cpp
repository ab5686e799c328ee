#include "hadal/msp/attack/apgd_schedule.h"

#include "hadal/msp/attack/rows.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::msp {

std::vector<int> apgd_checkpoints(int steps) {
  // Shares of the steps, in hundredths: the first interval, how much shorter each is than the one
  // before, and the shortest.
  const auto share = [&](int hundredths) { return std::max(hundredths * steps / 100, 1); };
  std::vector<int> checkpoints;
  int interval = share(22);
  for (int step = interval; step <= steps; step += interval) {
    checkpoints.push_back(step);
    interval = std::max(interval - share(3), share(6));
  }
  return checkpoints;
}

ApgdSchedule::ApgdSchedule(int steps, double rho, double step_size)
    : checkpoints_(apgd_checkpoints(steps)), rho_(rho), step_size_(step_size) {}

void ApgdSchedule::observe(int step, at::Tensor& x, const at::Tensor& loss, at::Tensor& gradient) {
  if (step == 0) {
    step_sizes_ = at::full_like(loss, step_size_);
    rises_ = at::zeros_like(loss);
    halved_ = at::ones_like(loss, at::kBool);
    previous_loss_ = best_loss_ = best_at_checkpoint_ = loss;
    best_x_ = x;
    best_gradient_ = gradient;
    return;
  }
  const at::Tensor better = loss > best_loss_;
  best_x_ = at::where(column(better, x), x, best_x_);
  best_gradient_ = at::where(column(better, x), gradient, best_gradient_);
  best_loss_ = at::maximum(loss, best_loss_);
  rises_ = rises_ + (loss > previous_loss_);
  previous_loss_ = loss;
  if (!std::binary_search(checkpoints_.begin(), checkpoints_.end(), step)) return;
  const at::Tensor back = column(halve(step - last_checkpoint_), x);
  last_checkpoint_ = step;
  x = at::where(back, best_x_, x);
  gradient = at::where(back, best_gradient_, gradient);
}

at::Tensor ApgdSchedule::halve(int interval) {
  const at::Tensor seldom = rises_ <= rho_ * interval;
  const at::Tensor stuck = halved_.logical_not().logical_and(best_at_checkpoint_ >= best_loss_);
  halved_ = seldom.logical_or(stuck);
  best_at_checkpoint_ = best_loss_;
  rises_ = at::zeros_like(rises_);
  step_sizes_ = at::where(halved_, step_sizes_ / 2, step_sizes_);
  return halved_;
}

void ApgdSchedule::keep(const at::Tensor& index) {
  keep_rows(index, {&step_sizes_, &previous_loss_, &rises_, &best_x_, &best_gradient_, &best_loss_,
                    &halved_, &best_at_checkpoint_});
}

}  // namespace hadal::msp
