#pragma once

#include "hadal/bench/runner/case.h"

#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// What the cases of sparse attention over 16,384 tokens differ in.
struct SparseAttention {
  std::string id;
  std::string type_name;  ///< "bf16"
  at::ScalarType type;
};

/// The case: LibTorch's dense kernel against a training-free selection of 30 % of the causal pairs,
/// the selection's time included, and Hadal's kernel over what it keeps.
Case sparse_attention_case(const SparseAttention& variant);

}  // namespace hadal::bench
