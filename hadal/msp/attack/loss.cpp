#include "hadal/msp/attack/loss.h"

#include "hadal/core/error.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/sort.h>

namespace hadal::msp {
namespace {

// So that equal logits do not divide 0 by 0.
constexpr double kTiny = 1e-12;

at::Tensor at_classes(const at::Tensor& rows, const at::Tensor& classes) {
  return rows.gather(1, classes.unsqueeze(1)).squeeze(1);
}

at::Tensor descending(const at::Tensor& logits, std::int64_t least, const char* name) {
  if (logits.size(1) < least) {
    throw InvalidArgument(concat(name, ": needs ", least, " or more classes, got ", logits.size(1)),
                          "use the cross-entropy or the margin");
  }
  return std::get<0>(logits.sort(1, /*descending=*/true));
}

}  // namespace

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& classes) {
  return at_classes(at::log_softmax(logits, 1), classes).neg();
}

at::Tensor margin(const at::Tensor& logits, const at::Tensor& classes) {
  const at::Tensor others =
      logits.scatter(1, classes.unsqueeze(1), -std::numeric_limits<double>::infinity());
  return std::get<0>(others.max(1)) - at_classes(logits, classes);
}

at::Tensor logit_ratio(const at::Tensor& logits, const at::Tensor& classes) {
  const at::Tensor sorted = descending(logits, 3, "logit_ratio");
  return margin(logits, classes) / (sorted.select(1, 0) - sorted.select(1, 2) + kTiny);
}

at::Tensor targeted_logit_ratio(const at::Tensor& logits, const at::Tensor& labels,
                                const at::Tensor& targets) {
  const at::Tensor sorted = descending(logits, 4, "targeted_logit_ratio");
  const at::Tensor middle = (sorted.select(1, 2) + sorted.select(1, 3)) / 2;
  return (at_classes(logits, targets) - at_classes(logits, labels)) /
         (sorted.select(1, 0) - middle + kTiny);
}

at::Tensor loss_of(Loss loss, const at::Tensor& logits, const Goal& goal) {
  const bool targeted = goal.is_targeted();
  const at::Tensor& classes = targeted ? goal.targets : goal.labels;
  switch (loss) {
    case Loss::cross_entropy: {
      const at::Tensor value = cross_entropy(logits, classes);
      return targeted ? value.neg() : value;
    }
    case Loss::margin: {
      const at::Tensor value = margin(logits, classes);
      return targeted ? value.neg() : value;
    }
    case Loss::logit_ratio:
      return targeted ? targeted_logit_ratio(logits, goal.labels, goal.targets)
                      : logit_ratio(logits, goal.labels);
  }
  throw InvalidArgument("loss_of: no such loss");
}

}  // namespace hadal::msp
