#include "hadal/hpts/optimizer/finite_guard.h"

#include "hadal/core/error.h"
#include "hadal/hpts/optimizer/gradients.h"

#include <cmath>

#include <ATen/ops/isfinite.h>

namespace hadal::hpts {
namespace {

bool all_finite(const at::Tensor& tensor) { return at::isfinite(tensor).all().item<bool>(); }

std::string first_problem(const std::vector<NamedParameter>& parameters) {
  for (const auto& [name, tensor] : parameters) {
    if (!all_finite(tensor))
      return concat("the first weight that is not finite is in \"", name, "\"");
  }
  for (const auto& [name, tensor] : parameters) {
    if (tensor.grad().defined() && !all_finite(tensor.grad())) {
      return concat("the weights are finite, and the first gradient that is not is that of \"",
                    name, "\"");
    }
  }
  return "all weights and gradients are finite: look at the inputs";
}

}  // namespace

FiniteGuard::FiniteGuard(std::vector<NamedParameter> parameters, int patience)
    : parameters_(std::move(parameters)), patience_(patience) {
  if (patience < 1) {
    throw InvalidArgument(concat("FiniteGuard: expected a patience of 1 or more, got ", patience));
  }
}

bool FiniteGuard::admits_loss(double loss) {
  return std::isfinite(loss) || skip(concat("the loss is ", loss));
}

bool FiniteGuard::admits_gradients() {
  std::vector<at::Tensor> tensors;
  for (const auto& parameter : parameters_) tensors.push_back(parameter.tensor);
  return admits_gradients(std::sqrt(square_sum(tensors)));
}

bool FiniteGuard::admits_gradients(double norm) {
  if (!std::isfinite(norm)) return skip("a gradient is not finite");
  in_a_row_ = 0;
  return true;
}

/// Counts a skipped step. Returns false.
bool FiniteGuard::skip(const std::string& reason) {
  ++skipped_;
  if (++in_a_row_ < patience_) return false;
  throw Error(concat(reason, " in ", in_a_row_, " steps in a row, of ", skipped_,
                     " skipped in all; ", first_problem(parameters_)),
              "lower the learning rate, clip the gradients, or give that layer more precision");
}

}  // namespace hadal::hpts
