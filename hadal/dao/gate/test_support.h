#pragma once

// The formula of a gate in fp64, for tests.
#include "hadal/core/random.h"
#include "hadal/dao/gate/distil.h"

#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::dao {

inline constexpr GateOptions kOptions{.heads = 4, .kv_heads = 2, .head_dim = 24, .rank = 5};

inline DynamicGate random_gate(const GateOptions& options, std::uint64_t seed) {
  seed_aten(seed);
  DynamicGate gate(options);
  for (at::Tensor& parameter : gate->parameters()) {
    parameter.detach().copy_(at::randn(parameter.sizes()) * 0.3);
  }
  return gate;
}

inline at::Tensor parameter(DynamicGate& gate, const std::string& name) {
  return gate->named_parameters()[name].detach().to(at::kDouble);
}

/// The documented centres and radii of all blocks of one head of keys, [blocks, 2 head_dim] in
/// fp64.
inline at::Tensor bounds(DynamicGate& gate, const at::Tensor& key, std::int64_t group) {
  const std::int64_t size = gate->options().head_dim;
  std::vector<at::Tensor> result;
  for (const at::Tensor& part : key.to(at::kDouble).split(64)) {
    const at::Tensor pooled =
        at::stack({part.mean(0), std::get<0>(part.max(0)), std::get<0>(part.min(0))});
    at::Tensor sum = parameter(gate, "key.bias")[group].clone();
    sum += parameter(gate, "key.up")[group].mv(
        parameter(gate, "key.down")[group].mv(pooled.flatten()));
    sum += (parameter(gate, "key.diagonal")[group] * pooled).sum(1).flatten();
    EXPECT_EQ(sum.size(0), 2 * size);
    result.push_back(sum);
  }
  return at::stack(result);
}

/// The documented probabilities of one head, [query blocks, key blocks] in fp64; 0 where a block is
/// not visible.
inline at::Tensor probabilities(DynamicGate& gate, const at::Tensor& query, const at::Tensor& key,
                                double scale, std::int64_t head, const at::Tensor& visible) {
  const std::int64_t group = head / (gate->options().heads / gate->options().kv_heads);
  const at::Tensor q = query.to(at::kDouble) * scale * parameter(gate, "query.weight")[head];
  const at::Tensor scores = at::cat({q, q.abs()}, 1).matmul(bounds(gate, key, group).t());
  at::Tensor result = at::zeros(visible.sizes(), at::kDouble);
  for (std::int64_t i = 0; i < query.size(0); ++i) {
    const at::Tensor weights = scores[i].exp() * visible[i / 64];
    at::Tensor row = result[i / 64];
    row.copy_(at::maximum(row, weights / weights.sum()));
  }
  return result;
}

struct Layer {
  at::Tensor query, key;
};

inline Layer layer(std::int64_t queries = 150, std::int64_t keys = 200) {
  return {at::randn({2, 4, queries, 24}) * 2, at::randn({2, 2, keys, 24})};
}

}  // namespace hadal::dao
