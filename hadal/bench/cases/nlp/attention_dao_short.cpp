#include "hadal/bench/cases/nlp/attention_dao_short.h"

#include "hadal/bench/cases/nlp/attention_input.h"
#include "hadal/bench/runner/rounds.h"
#include "hadal/core/error.h"
#include "hadal/dao/flops.h"
#include "hadal/dao/guard/sparse_attention.h"

#include <memory>

#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kHeadDim = 128;

std::shared_ptr<const dao::Selector> selector() {
  return std::make_shared<dao::PooledTopK>(dao::Budget{.keep = 0.30});
}

std::shared_ptr<dao::SparseAttention> layer() {
  return std::make_shared<dao::SparseAttention>(selector());
}

at::Tensor attend(dao::SparseAttention& layer, const AttentionInput& x) {
  return layer(x.query, x.key, x.value).output;
}

/// Of what the layer decides to do, but for the guard's look at a few queries.
double flops_of(const AttentionInput& x) {
  const auto decided = layer();
  attend(*decided, x);
  if (decided->report().returned_sparse == 0) {
    return dao::forward_flops(x.query, x.key, {}).executed;
  }
  return sparse_flops(*selector(), x);
}

/// How much faster the layer is than Hadal's kernel over all pairs.
double ratio_to_own_dense(const AttentionInput& x) {
  const auto own = layer();
  const Speed speed = time_rounds([&] { dao::attention_forward(x.query, x.key, x.value, {}); },
                                  [&] { attend(*own, x); }, /*machine_noise_floor=*/0,
                                  {.seconds = 2}, [](int, int) {});
  return speed.speedup.median;
}

Quality quality_of(const AttentionInput& x) {
  const c10::InferenceMode inference;
  const auto attention = layer();
  const at::Tensor result = attend(*attention, x);
  return {
      .baseline = relative_attention_error(fused_attention(x), x, {}),
      .candidate = relative_attention_error(result, x, {}),
      .metrics = {{"speedup over Hadal's dense kernel", ratio_to_own_dense(x), ""},
                  {"sparse calls", static_cast<double>(attention->report().returned_sparse), ""}}};
}

Workload prepare(const Context& context, std::int64_t tokens) {
  const AttentionInput x = topical_attention_input(context.seed, tokens, kHeadDim, at::kBFloat16);
  const auto attention = layer();
  return {.data = topical_data_source(x),
          .quality = [x] { return quality_of(x); },
          .baseline =
              [x] {
                const c10::InferenceMode inference;
                fused_attention(x);
              },
          .candidate =
              [x, attention] {
                const c10::InferenceMode inference;
                attend(*attention, x);
              },
          .candidate_flops = flops_of(x)};
}

}  // namespace

Case short_attention_case(std::string id, std::int64_t tokens) {
  return {.id = std::move(id),
          .domain = Domain::nlp,
          .module = "dao",
          .summary = concat("Causal attention over ", tokens,
                            " tokens in bf16, one head of 128, by a layer set to keep 30 % that "
                            "decides itself whether it pays"),
          .baseline = "at::scaled_dot_product_attention, bf16",
          .candidate = "hadal::dao::SparseAttention with its defaults, bf16, keep 0.30",
          .gate = {.metric = "relative L2 error",
                   .bound = QualityResult::Bound::at_most,
                   .target = 0.04},
          .prepare = [tokens](const Context& context) { return prepare(context, tokens); }};
}

}  // namespace hadal::bench
