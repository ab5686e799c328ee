#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// When an attack has succeeded: an input is taken for its target, or where there are no targets,
/// for any class but its label.
struct Goal {
  at::Tensor labels;        ///< int64 [n], the true classes
  at::Tensor targets = {};  ///< int64 [n], none equal to its label; undefined for none

  bool is_targeted() const { return targets.defined(); }
  /// bool [n] of logits [n, classes].
  at::Tensor reached(const at::Tensor& logits) const;
  /// That of the rows `index`, int64 [m].
  Goal rows(const at::Tensor& index) const;
};

/// Throws InvalidArgument unless `goal` has a label, and where it has targets another target, of
/// `classes` classes for each of `count` inputs.
void validate(const Goal& goal, std::int64_t count, std::int64_t classes);

}  // namespace hadal::msp
