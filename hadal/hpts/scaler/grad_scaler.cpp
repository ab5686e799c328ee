#include "hadal/hpts/scaler/grad_scaler.h"

#include "hadal/core/error.h"
#include "hadal/hpts/optimizer/gradients.h"

#include <cmath>

#include <ATen/ops/scalar_tensor.h>

namespace hadal::hpts {
namespace {

void require(bool holds, const char* option, double value) {
  if (holds) return;
  throw InvalidArgument(concat("GradScaler: ", option, " may not be ", value));
}

/// A scale as it is kept, in fp32.
float checked_scale(double scale) {
  const auto value = static_cast<float>(scale);
  require(value > 0 && std::isfinite(value), "the scale", scale);
  return value;
}

InvalidArgument out_of_order(const char* what) {
  return InvalidArgument(concat("GradScaler: ", what),
                         "an iteration is scale(), backward, unscale() at most once, step() once "
                         "for each optimizer, update()");
}

}  // namespace

GradScaler::GradScaler(const GradScalerOptions& options)
    : options_(options), scale_(checked_scale(options.initial_scale)) {
  require(options.growth_factor > 1 && std::isfinite(options.growth_factor), "growth_factor",
          options.growth_factor);
  require(options.backoff_factor > 0 && options.backoff_factor < 1, "backoff_factor",
          options.backoff_factor);
  require(options.growth_interval > 0, "growth_interval",
          static_cast<double>(options.growth_interval));
}

at::Tensor GradScaler::scale(const at::Tensor& loss) {
  if (!options_.enabled) return loss;
  scaled_ = true;
  // A tensor, not a number, so that a loss of half precision becomes fp32, as in Python.
  return loss * at::scalar_tensor(scale_, at::TensorOptions(at::kFloat).device(loss.device()));
}

void GradScaler::require_scaled(const char* call) const {
  if (scaled_) return;
  throw InvalidArgument(concat("GradScaler: ", call, " came before the first scale()"),
                        "call backward() of scaler.scale(loss)");
}

void GradScaler::unscale(const OptimizerRef& optimizer) {
  if (!options_.enabled) return;
  require_scaled("unscale()");
  Iteration& iteration = iterations_[optimizer.identity()];
  if (iteration.stage == Stage::unscaled) {
    throw out_of_order("unscale() was called twice since the last update()");
  }
  if (iteration.stage == Stage::stepped) throw out_of_order("unscale() came after step()");
  const auto inverse = static_cast<float>(1.0 / double{scale_});
  const double squares = scale_gradients(optimizer.parameters(), inverse);
  iteration.found_inf = at::scalar_tensor(std::isfinite(squares) ? 0.0F : 1.0F, at::kFloat);
  iteration.stage = Stage::unscaled;
}

bool GradScaler::step(const OptimizerRef& optimizer) {
  if (!options_.enabled) {
    optimizer.step();
    return true;
  }
  require_scaled("step()");
  if (iterations_[optimizer.identity()].stage == Stage::stepped) {
    throw out_of_order("step() was called twice since the last update()");
  }
  if (iterations_[optimizer.identity()].stage == Stage::ready) unscale(optimizer);
  Iteration& iteration = iterations_[optimizer.identity()];
  const bool is_finite = iteration.found_inf.item<float>() == 0;
  if (is_finite) optimizer.step();
  iteration.stage = Stage::stepped;
  return is_finite;
}

void GradScaler::update() {
  if (!options_.enabled) return;
  require_scaled("update()");
  bool met_any = false, met_infinity = false;
  for (const auto& [identity, iteration] : iterations_) {
    if (!iteration.found_inf.defined()) continue;
    met_any = true;
    if (iteration.found_inf.item<float>() != 0) met_infinity = true;
  }
  if (!met_any) throw out_of_order("update() came without unscale() or step() before it");
  if (met_infinity) {
    scale_ = static_cast<float>(scale_ * options_.backoff_factor);
    tracker_ = 0;
  } else if (++tracker_ == options_.growth_interval) {
    const auto grown = static_cast<float>(scale_ * options_.growth_factor);
    if (std::isfinite(grown)) scale_ = grown;
    tracker_ = 0;
  }
  iterations_.clear();
}

void GradScaler::update(double scale) {
  if (!options_.enabled) return;
  require_scaled("update()");
  scale_ = checked_scale(scale);
  iterations_.clear();
}

at::Tensor GradScaler::found_inf(const OptimizerRef& optimizer) {
  const auto found = iterations_.find(optimizer.identity());
  if (found == iterations_.end() || !found->second.found_inf.defined()) {
    throw out_of_order("found_inf() came before unscale()");
  }
  return found->second.found_inf;
}

std::map<std::string, at::Tensor> GradScaler::state() const {
  return {{"scale", at::scalar_tensor(scale_, at::kFloat)},
          {"growth_tracker", at::scalar_tensor(tracker_, at::kLong)}};
}

void GradScaler::load_state(const std::map<std::string, at::Tensor>& state) {
  const auto is_scalar = [&](const char* name, at::ScalarType type) {
    const auto found = state.find(name);
    return found != state.end() && found->second.defined() && found->second.dim() == 0 &&
           found->second.scalar_type() == type;
  };
  if (state.size() != 2 || !is_scalar("scale", at::kFloat) ||
      !is_scalar("growth_tracker", at::kLong)) {
    std::string names;
    for (const auto& [name, tensor] : state) names += (names.empty() ? "" : ", ") + name;
    throw InvalidArgument(
        concat("GradScaler: expected a state of scale (fp32 []) and "
               "growth_tracker (int64 []), got ",
               names.empty() ? "nothing" : names));
  }
  const auto tracker = state.at("growth_tracker").item<std::int64_t>();
  require(tracker >= 0, "growth_tracker", static_cast<double>(tracker));
  scale_ = checked_scale(state.at("scale").item<double>());
  tracker_ = tracker;
}

}  // namespace hadal::hpts
