#pragma once

// SelectionInputs that the tests of selectors share.
#include "hadal/core/error.h"
#include "hadal/dao/block_lists.h"
#include "hadal/dao/testing.h"

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace hadal::dao {

inline constexpr Shape kSelectionShapes[] = {
    {.queries = 1, .keys = 1, .head_dim = 1},
    {.queries = 640, .keys = 640, .head_dim = 16},
    {.batch = 2, .heads = 4, .kv_heads = 2, .queries = 700, .keys = 700, .head_dim = 40},
    {.heads = 3, .kv_heads = 1, .queries = 100, .keys = 1001, .head_dim = 33},
    {.heads = 2, .kv_heads = 2, .queries = 1, .keys = 1500, .head_dim = 128},
    {.queries = 300, .keys = 97, .head_dim = 16},
};

struct SelectionInputs {
  at::Tensor query, key;
};

inline SelectionInputs inputs_of(const Shape& s, at::ScalarType type = at::kFloat) {
  return {at::randn({s.batch, s.heads, s.queries, s.head_dim}).to(type),
          at::randn({s.batch, s.kv_heads, s.keys, s.head_dim}).to(type)};
}

inline void for_all_shapes(
    const std::function<void(const Shape&, const SelectionInputs&, bool causal)>& test) {
  for (const Shape& shape : kSelectionShapes) {
    for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
      for (const bool causal : {true, false}) {
        SCOPED_TRACE(
            concat(shape.queries, " queries, ", shape.keys, " keys, ", type, ", causal ", causal));
        test(shape, inputs_of(shape, type), causal);
      }
    }
  }
}

}  // namespace hadal::dao
