#pragma once

// Scores of key blocks by each query of a block. Queries lie in the lanes of vectors, so that
// nothing is summed across them. Compiled once an instruction set.
#include "hadal/dao/kernels/vector.h"
#include "hadal/dao/select/each_query.h"

namespace hadal::dao::HADAL_ISA_NAMESPACE {

using namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE;

/// The products of kKeys blocks with two vectors of queries, which stay in registers.
template <int kKeys>
inline void multiply_tile(const QueryProducts& task, int64_t key, int64_t lane) {
  Vector sums[kKeys][2] = {};
  const float* keys = task.keys + key * task.stride;
  for (int64_t i = 0; i < task.depth; ++i) {
    const float* queries = task.queries + i * kQueryLanes + lane;
    const Vector first = load(queries);
    const Vector second = load(queries + kWidth);
    for (int k = 0; k < kKeys; ++k) {
      const Vector number = broadcast(keys[k * task.stride + i]);
      sums[k][0] += number * first;
      sums[k][1] += number * second;
    }
  }
  for (int k = 0; k < kKeys; ++k) {
    store(task.products + (key + k) * kQueryLanes + lane, sums[k][0]);
    store(task.products + (key + k) * kQueryLanes + lane + kWidth, sums[k][1]);
  }
}

/// `Count` is told of the multiply-adds.
template <class Count>
void multiply_queries(const QueryProducts& task) {
  constexpr int kKeys = 6;
  int64_t key = 0;
  const auto tiles = [&](auto multiply, int64_t keys) {
    for (int64_t lane = 0; lane < task.lanes; lane += 2 * kWidth) {
      multiply(task, key, lane);
      Count::add(keys * 2 * kWidth * task.depth);
    }
    key += keys;
  };
  while (task.count - key >= kKeys) tiles(multiply_tile<kKeys>, kKeys);
  while (task.count - key >= 2) tiles(multiply_tile<2>, 2);
  if (key < task.count) tiles(multiply_tile<1>, 1);
}

}  // namespace hadal::dao::HADAL_ISA_NAMESPACE
