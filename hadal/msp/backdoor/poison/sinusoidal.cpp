#include "hadal/msp/backdoor/poison/sinusoidal.h"

#include "hadal/core/error.h"
#include "hadal/msp/backdoor/poison/image_check.h"

#include <cmath>
#include <numbers>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>

namespace hadal::msp {

SinusoidalTrigger::SinusoidalTrigger(const SinusoidalOptions& options) : options_(options) {
  if (!(options.amplitude > 0 && options.amplitude <= 1) || !(options.periods > 0) ||
      !std::isfinite(options.periods) || !std::isfinite(options.phase)) {
    throw InvalidArgument(
        concat("sinusoidal trigger: expected an amplitude in (0, 1] and positive periods, got ",
               options.amplitude, " and ", options.periods));
  }
}

at::Tensor SinusoidalTrigger::stamp(const at::Tensor& images) const {
  require_images("sinusoidal trigger", images);
  const std::int64_t width = images.size(3);
  const double per_column = 2 * std::numbers::pi * options_.periods / static_cast<double>(width);
  const at::Tensor wave = at::arange(width, at::kFloat).mul(per_column).add(options_.phase).sin();
  return (images + wave * options_.amplitude).clamp(0, 1);
}

}  // namespace hadal::msp
