#include "hadal/dao/gate/distil.h"

#include "hadal/core/error.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/gate/block_attention.h"
#include "hadal/dao/select/rows.h"
#include "hadal/models/train.h"

#include <cmath>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/scatter.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/xlogy.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::dao {
namespace {

/// Of the cross-entropy in the loss: as much as calibrates the sigmoid without a cost in recall.
constexpr double kCalibration = 0.1;

void check(const DistilOptions& options) {
  if (!(options.mass > 0 && options.mass < 1)) {
    throw InvalidArgument(
        concat("distil: expected a mass above 0 and below 1, got ", options.mass));
  }
  if (!(options.keep > 0 && options.keep <= 1)) {
    throw InvalidArgument(concat("distil: expected keep above 0 and up to 1, got ", options.keep));
  }
}

void check(const GateExample& example, const GateOptions& gate) {
  const auto& [blocks, attention, log_visible] = example;
  const auto is_fp32 = [](const at::Tensor& x) {
    return x.defined() && x.dim() == 4 && x.scalar_type() == at::kFloat;
  };
  if (!is_fp32(blocks.query) || !is_fp32(blocks.key) || !is_fp32(attention) ||
      !is_fp32(log_visible)) {
    throw InvalidArgument("distil: expected examples of four fp32 tensors of rank 4",
                          "make them with gate_example()");
  }
  const std::int64_t rows = blocks.query.size(2);
  const std::int64_t keys = blocks.key.size(2);
  const std::int64_t batch = blocks.query.size(0);
  const bool fits = blocks.key.size(0) == batch &&
                    attention.sizes() == at::IntArrayRef({batch, gate.heads, rows, keys}) &&
                    log_visible.sizes() == at::IntArrayRef({batch, 1, rows, keys});
  if (fits && attention.numel() > 0) return;
  throw InvalidArgument(
      concat("distil: expected one or more blocks of attention [", batch, ", ", gate.heads, ", ",
             rows, ", ", keys, "], and log_visible [", batch, ", 1, ", rows, ", ", keys, "], got ",
             attention.sizes(), " and ", log_visible.sizes()),
      "make the examples with gate_example()");
}

at::Tensor log_visible(const at::Tensor& query, const at::Tensor& key,
                       const AttentionOptions& options) {
  const Problem problem{
      query.size(0), 1, 1, query.size(2), key.size(2), options.causal, RealKeys(options.key_mask)};
  const std::int64_t keys = blocks_of(problem.keys);
  at::Tensor result = at::empty({problem.batch, 1, problem.query_blocks(), keys}, at::kFloat);
  auto* to = result.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < problem.rows(); ++i) {
    const Row row = row_of(problem, i);
    for (std::int64_t block = 0; block < keys; ++block) {
      const auto pairs = static_cast<float>(block < row.visible.count ? row.pairs(block) : 0);
      *to++ = std::log(pairs / static_cast<float>(row.queries * kBlockSize));
    }
  }
  return result;
}

/// An example with what the trainer makes of it.
struct Lesson {
  PooledBlocks blocks;
  at::Tensor attention;
  at::Tensor log_visible;
  at::Tensor is_visible;  // bool, as log_visible
  at::Tensor is_wanted;   // fp32, as attention: 1 where a block is among those that hold the mass
  at::Tensor rows;        // those that see something, as a number
};

Lesson lesson_of(const GateExample& example, double mass) {
  const auto& [blocks, attention, log_visible] = example;
  const at::Tensor is_visible = log_visible.gt(-std::numeric_limits<float>::infinity());
  const auto [sorted, order] = at::sort(attention, -1, /*descending=*/true);
  const at::Tensor before = sorted.cumsum(-1) - sorted;
  const at::Tensor is_wanted =
      at::scatter(at::zeros_like(attention), -1, order, before.lt(mass).to(at::kFloat));
  const at::Tensor rows = is_visible.any(3).sum() * attention.size(1);
  return {blocks, attention, log_visible, is_visible, is_wanted, rows.clamp_min(1)};
}

at::Tensor loss_of(const Lesson& lesson, const at::Tensor& logits) {
  const at::Tensor divergence =
      at::xlogy(lesson.attention, lesson.attention) -
      lesson.attention * (logits + lesson.log_visible.clamp_min(-1e4)).log_softmax(-1);
  const at::Tensor entropy = at::binary_cross_entropy_with_logits(
      logits, lesson.is_wanted, /*weight=*/{}, /*pos_weight=*/{}, at::Reduction::None);
  const at::Tensor visible = lesson.is_visible.expand_as(logits).to(at::kFloat);
  return divergence.sum() / lesson.rows +
         kCalibration * (entropy * visible).sum() / visible.sum().clamp_min(1);
}

/// The share of attention in the share `keep` of each row's visible blocks, those of the largest
/// logits.
double recall_of(const Lesson& lesson, const at::Tensor& logits, double keep) {
  const at::Tensor scores =
      logits.masked_fill(~lesson.is_visible, -std::numeric_limits<float>::infinity());
  const at::Tensor order = std::get<1>(at::sort(scores, /*stable=*/true, -1, /*descending=*/true));
  const at::Tensor held = at::gather(lesson.attention, -1, order).cumsum(-1);
  const at::Tensor kept =
      lesson.is_visible.sum(-1, /*keepdim=*/true).mul(keep).round().clamp_min(1);
  const at::Tensor last = (kept.to(at::kLong) - 1).expand({-1, logits.size(1), -1, -1});
  return (at::gather(held, -1, last).sum() / lesson.rows).item<double>();
}

}  // namespace

GateExample gate_example(const at::Tensor& query, const at::Tensor& key,
                         const AttentionOptions& options) {
  const at::Tensor attention = block_attention(query, key, options);  // checks
  return {
      {pooled_queries(query, scale_of(options, query.size(3))), pooled_keys(key, options.key_mask)},
      attention,
      log_visible(query, key, options)};
}

DistilResult distil(DynamicGateImpl& gate, std::span<const GateExample> examples,
                    const DistilOptions& options) {
  check(options);
  std::vector<Lesson> lessons;
  for (const GateExample& example : examples) {
    check(example, gate.options());
    lessons.push_back(lesson_of(example, options.mass));
  }
  DistilResult result;
  const auto loss = [&](const at::Tensor& indices) {
    const Lesson& lesson = lessons[static_cast<std::size_t>(indices.item<std::int64_t>())];
    const at::Tensor logits = gate.logits(lesson.blocks);
    result.recalls.push_back(recall_of(lesson, logits.detach(), options.keep));
    return loss_of(lesson, logits);
  };
  models::TrainResult trained =
      models::train(gate.parameters(), static_cast<std::int64_t>(lessons.size()), loss,
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
