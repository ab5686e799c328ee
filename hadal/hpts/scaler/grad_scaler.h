#pragma once

#include "hadal/hpts/scaler/optimizer_ref.h"

#include <cstdint>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

struct GradScalerOptions {
  double initial_scale = 65536;
  double growth_factor = 2;             ///< above 1
  double backoff_factor = 0.5;          ///< in (0, 1)
  std::int64_t growth_interval = 2000;  ///< steps without an infinity before the scale grows
  /// Otherwise scale() gives what it gets, step() is the optimizer's, and the rest does nothing.
  bool enabled = true;
};

/// Scales the loss, so that small gradients do not vanish in fp16, and skips steps whose gradients
/// overflowed (Micikevicius et al., 2018). Scales, skips and weights are those of torch.amp's
/// GradScaler on the same inputs, and what is out of order there is here.
///
///     scaler.scale(loss).backward();
///     scaler.unscale(optimizer);                              // where gradients are looked at
///     clip_gradient_norm(optimizer.parameters(), 1, NonFinite::leave);
///     scaler.step(optimizer);                                 // skipped after an overflow
///     scaler.update();
///
/// Each optimizer's gradients are judged apart; one scale serves them all. Calls out of order throw
/// InvalidArgument: anything before the first scale(), unscale() or step() twice in an iteration,
/// unscale() after step(), update() without either.
class GradScaler {
 public:
  /// Throws InvalidArgument for an option out of range.
  explicit GradScaler(const GradScalerOptions& options = {});

  /// The loss times the scale, in fp32 where the loss is one number, which half could not hold.
  at::Tensor scale(const at::Tensor& loss);
  /// Divides the gradients by the scale and looks for what is not finite, in one pass. Gradients
  /// are fp32 or bf16; throws InvalidArgument for others, and for a StepInBackward.
  void unscale(const OptimizerRef& optimizer);
  /// Steps, after unscale() where that has not been, if all gradients are finite. Whether it did.
  bool step(const OptimizerRef& optimizer);
  /// Ends an iteration: the scale falls if any optimizer met an infinity, and grows after
  /// growth_interval iterations without. Or else sets it.
  void update();
  /// Throws InvalidArgument where `scale` is not above 0 and finite.
  void update(double scale);

  /// fp32 [], 1 where unscale() met what is not finite in this iteration, else 0. Where ranks hold
  /// parts of the gradients, all-reduce it (maximum) in place between unscale() and step(), so that
  /// all skip or none does. Throws InvalidArgument before unscale().
  at::Tensor found_inf(const OptimizerRef& optimizer);

  double current_scale() const { return scale_; }
  /// Iterations without infinity since the scale changed.
  std::int64_t growth_tracker() const { return tracker_; }

  /// `scale`, fp32 [], and `growth_tracker`, int64 []. To be taken between iterations.
  std::map<std::string, at::Tensor> state() const;
  /// Throws InvalidArgument, with nothing changed, for other names, types or values.
  void load_state(const std::map<std::string, at::Tensor>& state);

 private:
  enum class Stage { ready, unscaled, stepped };
  struct Iteration {
    Stage stage = Stage::ready;
    at::Tensor found_inf;
  };

  void require_scaled(const char* call) const;

  GradScalerOptions options_;
  float scale_;
  std::int64_t tracker_ = 0;
  bool scaled_ = false;
  std::map<const void*, Iteration> iterations_;  // of each optimizer
};

}  // namespace hadal::hpts
