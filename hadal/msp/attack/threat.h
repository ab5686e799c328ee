#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// How the size of a perturbation is measured, over all elements of an input.
enum class Norm { linf, l2, l1 };

std::string_view name_of(Norm norm);
/// Throws InvalidArgument, listing the names, for another than "linf", "l2" and "l1".
Norm parse_norm(std::string_view name);

/// fp64 [n]: the norm of each row of `perturbations` [n, ...], computed in fp64.
at::Tensor norm_of(Norm norm, const at::Tensor& perturbations);
/// fp64 [n]: norm_of() the differences, taken in fp64.
at::Tensor distance(Norm norm, const at::Tensor& a, const at::Tensor& b);

/// What an attacker may do: move an input by at most epsilon, within the range of values.
struct Threat {
  Norm norm = Norm::linf;
  double epsilon = 8.0 / 255;  ///< 0 or more; infinity leaves only the range
  double low = 0;
  double high = 1;
};

/// Throws InvalidArgument for an epsilon below 0 or an empty range.
void validate(const Threat& threat);

}  // namespace hadal::msp
