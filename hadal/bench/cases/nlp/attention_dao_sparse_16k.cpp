#include "hadal/bench/cases/nlp/attention_dao_sparse_16k.h"

#include "hadal/bench/cases/nlp/attention_input.h"
#include "hadal/bench/runner/rounds.h"
#include "hadal/core/error.h"
#include "hadal/dao/attention.h"
#include "hadal/dao/flops.h"
#include "hadal/dao/gate/distil.h"
#include "hadal/dao/select/kept.h"
#include "hadal/dao/select/selector.h"

#include <memory>
#include <vector>

#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kTokens = 16'384;
constexpr std::int64_t kHeadDim = 128;
constexpr double kKeep = 0.30;
// What is left out costs 0.015 to 0.021 with seeds 1 to 3; a sliding window of as many blocks,
// 0.13.
constexpr double kLargestError = 0.04;
constexpr dao::AlwaysKept kAlways{.sinks = 1, .window = 4};

dao::PooledTopK selector() { return dao::PooledTopK({.keep = kKeep, .always = kAlways}); }

/// By a gate that has learned from shorter inputs of the same kind.
dao::TopK learned_selector(const Context& context, at::ScalarType type) {
  constexpr std::int64_t kExamples = 4;
  std::vector<dao::GateExample> examples;
  for (std::int64_t i = 1; i <= kExamples; ++i) {
    const AttentionInput x = topical_attention_input(context.seed + static_cast<std::uint64_t>(i),
                                                     kTokens / 4, kHeadDim, type);
    examples.push_back(dao::gate_example(x.query, x.key));
  }
  dao::DynamicGate gate(dao::GateOptions{.heads = 1, .kv_heads = 1, .head_dim = kHeadDim});
  dao::distil(*gate, examples, {.seed = context.seed, .check_interrupt = context.check_interrupt});
  return {std::make_shared<const dao::GateScorer>(*gate), {.keep = kKeep, .always = kAlways}};
}

/// What a learned gate costs and gives, timed in full runs.
void add_learned(std::vector<Metric>& metrics, const AttentionInput& x, const Context& context) {
  const dao::TopK learned = learned_selector(context, x.query.scalar_type());
  const c10::InferenceMode inference;
  metrics.push_back({"relative L2 error with a learned gate",
                     relative_attention_error(sparse_attention(learned, x), x, {}), ""});
  metrics.push_back(
      {"share of a learned gate in dense attention's FLOPs",
       100 * learned.flops(x.query, x.key) / dao::forward_flops(x.query, x.key, {}).visible, "%"});
  if (context.scale != Scale::full) return;
  const Speed speed = time_rounds(
      [&] { fused_attention(x); }, [&] { sparse_attention(learned, x); }, /*machine_noise_floor=*/0,
      {.seed = context.seed}, [&](int, int) { context.check_interrupt(); });
  metrics.push_back({"speedup with a learned gate", speed.speedup.median, ""});
  metrics.push_back({"speedup with a learned gate, least of the interval", speed.speedup.low, ""});
}

Quality training_free_quality(const AttentionInput& x) {
  const c10::InferenceMode inference;
  const dao::BlockLists lists = selector().select(x.query, x.key);
  const at::Tensor sparse = dao::attention_forward(x.query, x.key, x.value, lists).output;
  // As many blocks for each block of queries, but the latest ones: what not looking costs.
  const auto nearest = static_cast<std::int64_t>(kKeep * kTokens / dao::kBlockSize / 2);
  const at::Tensor windowed =
      sparse_attention(dao::SlidingWindow({.sinks = 1, .window = nearest}), x);
  const double pairs = static_cast<double>(kTokens) * (kTokens + 1) / 2;
  const double saved = 1 - sparse_flops(selector(), x) / (4 * kHeadDim * pairs);
  const double kept = dao::kept_fraction(lists, kTokens, kTokens, /*causal=*/true);
  return {.baseline = relative_attention_error(fused_attention(x), x, {}),
          .candidate = relative_attention_error(sparse, x, {}),
          .metrics = {{"kept pairs", 100 * kept, "%"},
                      {"compute saved", 100 * saved, "%"},
                      {"relative L2 error of the kernel over the kept pairs",
                       relative_attention_error(sparse, x, lists), ""},
                      {"relative L2 error of a sliding window of as many blocks",
                       relative_attention_error(windowed, x, {}), ""}}};
}

Quality quality_of(const AttentionInput& x, const Context& context) {
  Quality quality = training_free_quality(x);
  add_learned(quality.metrics, x, context);
  return quality;
}

Workload prepare(const Context& context, at::ScalarType type) {
  const AttentionInput x = topical_attention_input(context.seed, kTokens, kHeadDim, type);
  return {.data = topical_data_source(x),
          .quality = [x, context] { return quality_of(x, context); },
          .baseline =
              [x] {
                const c10::InferenceMode inference;
                fused_attention(x);
              },
          .candidate =
              [x] {
                const c10::InferenceMode inference;
                sparse_attention(selector(), x);
              },
          .candidate_flops = sparse_flops(selector(), x)};
}

}  // namespace

Case sparse_attention_case(const SparseAttention& variant) {
  return {
      .id = variant.id,
      .domain = Domain::nlp,
      .module = "dao",
      .summary = concat("Causal attention over 16,384 tokens in ", variant.type_name,
                        ", one head of 128, on input with topics, nearness and a sink: all "
                        "interactions against the best 30 % by pooled scores, the choice "
                        "included in time and FLOPs"),
      .baseline = concat("at::scaled_dot_product_attention, ", variant.type_name),
      .candidate = concat("hadal::dao::PooledTopK and attention_forward, ", variant.type_name,
                          ", keep 0.30"),
      .gate = {.metric = "relative L2 error",
               .bound = QualityResult::Bound::at_most,
               .target = kLargestError},
      .prepare = [type = variant.type](const Context& context) { return prepare(context, type); }};
}

}  // namespace hadal::bench
