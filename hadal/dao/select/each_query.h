#pragma once

#include <stdint.h>

// Between block_scores.cpp and its kernels, which are compiled once an instruction set: nothing
// here may have inline functions outside of HADAL_ISA_NAMESPACE.
namespace hadal::dao {

/// Lanes that a block of queries has in the kernels' memory, and those that are multiplied at a
/// time: as many as hold the queries, rounded up.
constexpr int64_t kQueryLanes = 64;
constexpr int64_t kQueryStep = 32;

/// Products of up to kQueryLanes queries, q and then |q|, with the features of `count` key blocks.
struct QueryProducts {
  const float* queries;  // [depth][kQueryLanes]
  const float* keys;     // [count][stride], of which the first `depth` count
  int64_t lanes;         // a multiple of kQueryStep
  int64_t count;
  int64_t stride;
  int64_t depth;
  float* products;  // [count][kQueryLanes]
};

}  // namespace hadal::dao
