#include "hadal/msp/attack/threat.h"

#include "hadal/core/error.h"
#include "hadal/core/names.h"

#include <array>
#include <cmath>

#include <ATen/TensorOperators.h>

namespace hadal::msp {
namespace {

constexpr std::array<std::string_view, 3> kNorms = {"linf", "l2", "l1"};

}  // namespace

std::string_view name_of(Norm norm) { return kNorms.at(static_cast<std::size_t>(norm)); }

Norm parse_norm(std::string_view name) { return parse_name<Norm>(name, "norm", kNorms); }

at::Tensor norm_of(Norm norm, const at::Tensor& perturbations) {
  const at::Tensor flat = perturbations.to(at::kDouble).flatten(1);
  if (flat.size(1) == 0) return flat.sum(1);
  switch (norm) {
    case Norm::linf:
      return flat.abs().amax(1);
    case Norm::l2:
      return flat.square().sum(1).sqrt();
    case Norm::l1:
      return flat.abs().sum(1);
  }
  throw InvalidArgument("norm_of: no such norm");
}

at::Tensor distance(Norm norm, const at::Tensor& a, const at::Tensor& b) {
  return norm_of(norm, a.to(at::kDouble) - b.to(at::kDouble));
}

void validate(const Threat& threat) {
  if (!(threat.epsilon >= 0)) {
    throw InvalidArgument(concat("epsilon: expected 0 or more, got ", threat.epsilon));
  }
  if (!std::isfinite(threat.low) || !std::isfinite(threat.high) || threat.low >= threat.high) {
    throw InvalidArgument(
        concat("range: expected low below high, got ", threat.low, " to ", threat.high));
  }
}

}  // namespace hadal::msp
