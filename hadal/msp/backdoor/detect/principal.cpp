#include "hadal/msp/backdoor/detect/principal.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_eigh.h>

namespace hadal::msp {

Principal principal_of(const at::Tensor& features, const at::Tensor& labels, std::int64_t label) {
  const at::Tensor rows = features.index_select(0, places_of(labels.eq(label))).to(at::kDouble);
  const at::Tensor centered = rows - rows.mean(0, true);
  const at::Tensor covariance = centered.t().matmul(centered) / centered.size(0);
  const auto [values, vectors] = at::linalg_eigh(covariance);
  return {.centered = centered,
          .variances = values.flip({0}).clamp_min(0),
          .directions = vectors.flip({1})};
}

void require_features(const char* what, const at::Tensor& features, const at::Tensor& labels,
                      std::int64_t classes) {
  if (!features.defined() || !labels.defined() || features.dim() != 2 ||
      !features.is_floating_point() || labels.scalar_type() != at::kLong || labels.dim() != 1 ||
      labels.size(0) != features.size(0)) {
    throw InvalidArgument(
        concat(what, ": expected features [n, d] of the training set and labels int64 [n]"),
        "without the training set, use neural-cleanse or trigger-generator");
  }
  for (std::int64_t k = 0; k < classes; ++k) {
    if (labels.eq(k).sum().item<std::int64_t>() < 2) {
      throw InvalidArgument(concat(what, ": expected 2 or more examples of class ", k));
    }
  }
}

}  // namespace hadal::msp
