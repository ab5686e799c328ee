#include "hadal/bench/cases/nlp/attention_input.h"

#include "hadal/bench/cases/input.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/attention.h"
#include "hadal/dao/explicit_attention.h"
#include "hadal/dao/flops.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <ATen/TensorIndexing.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/exp2.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kPositionDims = 16;

DataSource described(const char* what, const AttentionInput& x) {
  return data_source(
      concat(what, ", ", x.query.scalar_type(), " ", x.query.sizes(), " each of Q, K, V"), true,
      {x.query, x.key, x.value});
}

/// int64 [tokens]: passages of random lengths on random topics.
at::Tensor topics_of_tokens(std::uint64_t seed, std::int64_t tokens, std::int64_t topics) {
  Random random(seed, "passages");
  at::Tensor result = at::empty({tokens}, at::kLong);
  for (std::int64_t first = 0; first < tokens;) {
    const std::int64_t length = std::min(random.between(64, 512), tokens - first);
    result.narrow(0, first, length).fill_(random.between(0, topics - 1));
    first += length;
  }
  return result;
}

/// [tokens, kPositionDims]: cosines and sines, whose product is the largest where positions are
/// equal. The longest wave has 4096 tokens, each other one half as many as the one before.
at::Tensor positions(std::int64_t tokens) {
  const at::Tensor waves = at::exp2(at::arange(kPositionDims / 2, at::kFloat)) / 4096;
  const at::Tensor angles =
      at::outer(at::arange(tokens, at::kFloat), waves) * (2 * std::numbers::pi);
  return at::cat({angles.cos(), angles.sin()}, 1);
}

/// Which of the keys up to `row` that row of the first head keeps, bool [row + 1].
at::Tensor kept_keys(const dao::BlockLists& lists, std::int64_t row) {
  const auto* offsets = lists.offsets.const_data_ptr<std::int64_t>();
  const std::int64_t index = row / dao::kBlockSize;
  const at::Tensor kept = at::zeros({row / dao::kBlockSize + 1}, at::kBool);
  kept.index_fill_(0, lists.blocks.slice(0, offsets[index], offsets[index + 1]).to(at::kLong),
                   true);
  return kept.repeat_interleave(dao::kBlockSize).narrow(0, 0, row + 1);
}

}  // namespace

AttentionInput normal_attention_input(std::uint64_t seed, std::int64_t heads, std::int64_t tokens,
                                      std::int64_t head_dim, at::ScalarType type) {
  seed_aten(seed);
  const auto make = [&] { return at::randn({1, heads, tokens, head_dim}).to(type); };
  AttentionInput x;
  x.query = make();
  x.key = make();
  x.value = make();
  return x;
}

AttentionInput topical_attention_input(std::uint64_t seed, std::int64_t tokens,
                                       std::int64_t head_dim, at::ScalarType type) {
  constexpr std::int64_t kTopics = 32;
  const std::int64_t content = head_dim - kPositionDims - 1;
  seed_aten(seed);
  const at::Tensor topics = at::randn({kTopics, content});
  const at::Tensor directions = topics / topics.norm(2, 1, /*keepdim=*/true);
  const at::Tensor topic = topics_of_tokens(seed, tokens, kTopics);
  // A score in nats is a product divided by sqrt(head_dim).
  const double nat = std::sqrt(static_cast<double>(head_dim));
  const double noise = std::pow(static_cast<double>(head_dim) / static_cast<double>(content), 0.25);
  const auto make = [&](const at::Tensor& sink) {
    const at::Tensor subject = directions.index_select(0, topic) * std::sqrt(7 * nat) +
                               at::randn({tokens, content}) * noise;
    const at::Tensor near = positions(tokens) * std::sqrt(3 * nat / (kPositionDims / 2));
    return at::cat({subject, near, sink}, 1).view({1, 1, tokens, head_dim}).to(type);
  };
  const at::Tensor is_sink = at::arange(tokens).lt(4).to(at::kFloat).unsqueeze(1);
  AttentionInput x;
  x.query = make(at::ones({tokens, 1}) * std::sqrt(8 * nat));
  x.key = make(is_sink * std::sqrt(8 * nat));
  x.value = (at::randn({kTopics, head_dim}).index_select(0, topic) + at::randn({tokens, head_dim}))
                .view({1, 1, tokens, head_dim})
                .to(type);
  return x;
}

DataSource data_source(const AttentionInput& x) { return described("standard normal numbers", x); }

DataSource topical_data_source(const AttentionInput& x) {
  return described("numbers with topics, nearness and a sink", x);
}

at::Tensor fused_attention(const AttentionInput& x) {
  return at::scaled_dot_product_attention(x.query, x.key, x.value, {}, 0.0, /*is_causal=*/true);
}

at::Tensor sparse_attention(const dao::Selector& selector, const AttentionInput& x) {
  const dao::BlockLists lists = selector.select(x.query, x.key);
  return dao::attention_forward(x.query, x.key, x.value, lists).output;
}

double sparse_flops(const dao::Selector& selector, const AttentionInput& x) {
  return dao::forward_flops(x.query, x.key, selector.select(x.query, x.key)).executed +
         selector.flops(x.query, x.key);
}

double attention_error(const at::Tensor& result, const AttentionInput& x) {
  constexpr std::int64_t kStep = 257;
  double largest = 0;
  for (std::int64_t row = 0; row < x.query.size(2); row += kStep) {
    const auto seen = [&](const at::Tensor& tensor) {
      return tensor.narrow(2, 0, row + 1).to(at::kDouble);
    };
    const at::Tensor exact = dao::explicit_attention(x.query.narrow(2, row, 1).to(at::kDouble),
                                                     seen(x.key), seen(x.value), /*causal=*/true);
    const at::Tensor error = (result.narrow(2, row, 1).to(at::kDouble) - exact).abs().max();
    largest = std::max(largest, error.item<double>());
  }
  return largest;
}

double relative_attention_error(const at::Tensor& result, const AttentionInput& x,
                                const std::optional<dao::BlockLists>& lists) {
  constexpr std::int64_t kStep = 257;
  double error = 0;
  double norm = 0;
  for (std::int64_t row = 0; row < x.query.size(2); row += kStep) {
    const auto seen = [&](const at::Tensor& tensor) {
      const at::Tensor all = tensor[0][0].narrow(0, 0, row + 1).to(at::kDouble);
      return lists ? all.index({kept_keys(*lists, row)}) : all;
    };
    const at::Tensor exact =
        dao::explicit_attention(x.query[0][0].narrow(0, row, 1).to(at::kDouble), seen(x.key),
                                seen(x.value), /*causal=*/true);
    const at::Tensor got = result[0][0].narrow(0, row, 1).to(at::kDouble);
    error += (got - exact).square().sum().item<double>();
    norm += exact.square().sum().item<double>();
  }
  return std::sqrt(error / norm);
}

}  // namespace hadal::bench
