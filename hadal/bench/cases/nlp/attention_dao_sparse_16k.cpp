#include "hadal/bench/cases/nlp/attention_dao_sparse_16k.h"

#include "hadal/bench/cases/nlp/attention_input.h"
#include "hadal/core/error.h"
#include "hadal/dao/attention.h"
#include "hadal/dao/flops.h"
#include "hadal/dao/select/kept.h"
#include "hadal/dao/select/selector.h"

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

at::Tensor sparse_attention(const AttentionInput& x) {
  const dao::BlockLists lists = selector().select(x.query, x.key);
  return dao::attention_forward(x.query, x.key, x.value, lists).output;
}

/// Of the candidate, the selection included.
double sparse_flops(const AttentionInput& x, const dao::BlockLists& lists) {
  return dao::forward_flops(x.query, x.key, lists).executed + selector().flops(x.query, x.key);
}

Quality quality_of(const AttentionInput& x) {
  const c10::InferenceMode inference;
  const dao::BlockLists lists = selector().select(x.query, x.key);
  const at::Tensor sparse = dao::attention_forward(x.query, x.key, x.value, lists).output;
  // As many blocks for each block of queries, but the latest ones: what not looking costs.
  const auto nearest = static_cast<std::int64_t>(kKeep * kTokens / dao::kBlockSize / 2);
  const dao::BlockLists window =
      dao::SlidingWindow({.sinks = 1, .window = nearest}).select(x.query, x.key);
  const at::Tensor windowed = dao::attention_forward(x.query, x.key, x.value, window).output;
  const double pairs = static_cast<double>(kTokens) * (kTokens + 1) / 2;
  const double saved = 1 - sparse_flops(x, lists) / (4 * kHeadDim * pairs);
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

Workload prepare(const Context& context, at::ScalarType type) {
  const AttentionInput x = topical_attention_input(context.seed, kTokens, kHeadDim, type);
  return {.data = topical_data_source(x),
          .quality = [x] { return quality_of(x); },
          .baseline =
              [x] {
                const c10::InferenceMode inference;
                fused_attention(x);
              },
          .candidate =
              [x] {
                const c10::InferenceMode inference;
                sparse_attention(x);
              },
          .candidate_flops = sparse_flops(x, selector().select(x.query, x.key))};
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
