#include "hadal/msp/attack/goal.h"

#include "hadal/core/error.h"

#include <ATen/TensorOperators.h>

namespace hadal::msp {
namespace {

void validate_classes(const char* name, const at::Tensor& classes, std::int64_t count,
                      std::int64_t class_count) {
  if (!classes.defined() || classes.scalar_type() != at::kLong || classes.dim() != 1 ||
      classes.size(0) != count) {
    throw InvalidArgument(concat(name, ": expected int64 [", count, "], one for each input"));
  }
  if (count == 0) return;
  const auto lowest = classes.min().item<std::int64_t>();
  const auto highest = classes.max().item<std::int64_t>();
  if (lowest < 0 || highest >= class_count) {
    throw InvalidArgument(concat(name, ": expected classes from 0 to ", class_count - 1,
                                 ", got one of ", lowest < 0 ? lowest : highest));
  }
}

}  // namespace

at::Tensor Goal::reached(const at::Tensor& logits) const {
  const at::Tensor predicted = logits.argmax(1);
  return is_targeted() ? predicted == targets : predicted != labels;
}

Goal Goal::rows(const at::Tensor& index) const {
  return {.labels = labels.index_select(0, index),
          .targets = is_targeted() ? targets.index_select(0, index) : at::Tensor()};
}

void validate(const Goal& goal, std::int64_t count, std::int64_t classes) {
  validate_classes("labels", goal.labels, count, classes);
  if (!goal.is_targeted()) return;
  validate_classes("targets", goal.targets, count, classes);
  if ((goal.labels == goal.targets).any().item<bool>()) {
    throw InvalidArgument("targets: one is the input's own label",
                          "choose another class as target, or leave the targets out");
  }
}

}  // namespace hadal::msp
