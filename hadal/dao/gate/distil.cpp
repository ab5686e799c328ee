#include "hadal/dao/gate/distil.h"

#include "hadal/core/error.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/gate/block_attention.h"
#include "hadal/dao/select/rows.h"
#include "hadal/models/train.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/xlogy.h>

namespace hadal::dao {
namespace {

void check(const DistilOptions& options) {
  if (!(options.keep > 0 && options.keep <= 1)) {
    throw InvalidArgument(concat("distil: expected keep above 0 and up to 1, got ", options.keep));
  }
}

void check(const GateExample& example, const GateOptions& gate) {
  const auto& [input, attention] = example;
  const auto is = [](const at::Tensor& x, at::ScalarType type) {
    return x.defined() && x.dim() == 4 && x.scalar_type() == type;
  };
  if (!is(input.query, at::kFloat) || !is(input.key, at::kFloat) || !is(input.visible, at::kBool) ||
      !is(attention, at::kFloat)) {
    throw InvalidArgument(
        "distil: expected examples of three fp32 tensors and a bool one of rank 4",
        "make them with gate_example()");
  }
  const std::int64_t batch = input.query.size(0);
  const std::int64_t rows = blocks_of(input.query.size(2));
  const std::int64_t keys = input.key.size(2);
  const bool fits = input.key.size(0) == batch &&
                    attention.sizes() == at::IntArrayRef({batch, gate.heads, rows, keys}) &&
                    input.visible.sizes() == at::IntArrayRef({batch, 1, rows, keys});
  if (fits && attention.numel() > 0) return;
  throw InvalidArgument(
      concat("distil: expected one or more blocks of attention [", batch, ", ", gate.heads, ", ",
             rows, ", ", keys, "], and visible [", batch, ", 1, ", rows, ", ", keys, "], got ",
             attention.sizes(), " and ", input.visible.sizes()),
      "make the examples with gate_example()");
}

at::Tensor visible_pairs(const at::Tensor& query, const at::Tensor& key,
                         const AttentionOptions& options) {
  const Problem problem{
      query.size(0), 1, 1, query.size(2), key.size(2), options.causal, RealKeys(options.key_mask)};
  const std::int64_t keys = blocks_of(problem.keys);
  at::Tensor result = at::empty({problem.batch, 1, problem.query_blocks(), keys}, at::kBool);
  auto* to = result.mutable_data_ptr<bool>();
  for (std::int64_t i = 0; i < problem.rows(); ++i) {
    const Row row = row_of(problem, i);
    for (std::int64_t block = 0; block < keys; ++block) {
      *to++ = block < row.visible.count && row.pairs(block) > 0;
    }
  }
  return result;
}

at::Tensor loss_of(const GateExample& example, const at::Tensor& logits) {
  const at::Tensor dense = example.attention.clamp_max(1);  // rounding may give more
  const at::Tensor entropy = -at::xlogy(dense, dense) - at::xlogy(1 - dense, 1 - dense);
  const at::Tensor divergence =
      at::binary_cross_entropy_with_logits(logits, dense, /*weight=*/{}, /*pos_weight=*/{},
                                           at::Reduction::None) -
      entropy;
  const at::Tensor& visible = example.input.visible;
  const at::Tensor rows = visible.any(3).sum() * logits.size(1);
  return divergence.masked_fill(~visible, 0).sum() / rows.clamp_min(1);
}

/// The part of attention in the share `keep` of each row's visible blocks, those of the largest
/// logits.
double recall_of(const GateExample& example, const at::Tensor& logits, double keep) {
  const at::Tensor& visible = example.input.visible;
  const at::Tensor scores = logits.masked_fill(~visible, -std::numeric_limits<float>::infinity());
  const at::Tensor order = std::get<1>(at::sort(scores, /*stable=*/true, -1, /*descending=*/true));
  const at::Tensor held = at::gather(example.attention, -1, order).cumsum(-1);
  const at::Tensor kept = visible.sum(-1, /*keepdim=*/true).mul(keep).round().clamp_min(1);
  const at::Tensor last = (kept.to(at::kLong) - 1).expand({-1, logits.size(1), -1, -1});
  const double all = example.attention.sum().item<double>();
  return all == 0 ? 1 : at::gather(held, -1, last).sum().item<double>() / all;
}

}  // namespace

GateExample gate_example(const at::Tensor& query, const at::Tensor& key,
                         const AttentionOptions& options) {
  const at::Tensor attention = block_attention(query, key, options);  // checks
  return {.input = {.query = query.detach().to(at::kFloat) * scale_of(options, query.size(3)),
                    .key = pooled_keys(key, options.key_mask),
                    .visible = visible_pairs(query, key, options)},
          .attention = attention};
}

DistilResult distil(DynamicGateImpl& gate, std::span<const GateExample> examples,
                    const DistilOptions& options) {
  check(options);
  for (const GateExample& example : examples) check(example, gate.options());
  DistilResult result;
  const auto loss = [&](const at::Tensor& indices) {
    const GateExample& example = examples[static_cast<std::size_t>(indices.item<std::int64_t>())];
    const at::Tensor logits = gate.logits(example.input);
    result.recalls.push_back(recall_of(example, logits.detach(), options.keep));
    return loss_of(example, logits);
  };
  models::TrainResult trained =
      models::train(gate.parameters(), static_cast<std::int64_t>(examples.size()), loss,
                    {.epochs = options.epochs,
                     .batch = 1,
                     .learning_rate = options.learning_rate,
                     .weight_decay = options.weight_decay,
                     .seed = options.seed,
                     .check_interrupt = options.check_interrupt});
  result.seconds = trained.seconds;
  result.losses = std::move(trained.losses);
  return result;
}

}  // namespace hadal::dao
