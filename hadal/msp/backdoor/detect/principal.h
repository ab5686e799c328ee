#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// Features of one class about their mean, and the directions in which they vary most.
struct Principal {
  at::Tensor centered;    ///< fp64 [n, d]
  at::Tensor variances;   ///< fp64 [d], falling
  at::Tensor directions;  ///< fp64 [d, d], columns, of length 1
};

/// Of the rows of `features` [n, d] whose label is `label`; n is at least 1.
Principal principal_of(const at::Tensor& features, const at::Tensor& labels, std::int64_t label);

/// Throws InvalidArgument, beginning with `what`, unless `features` are floating point [n, d] and
/// `labels` int64 [n] and each of `classes` has two or more.
void require_features(const char* what, const at::Tensor& features, const at::Tensor& labels,
                      std::int64_t classes);

}  // namespace hadal::msp
