#include "hadal/bench/cases/nlp/attention_input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/bench/runner/rounds.h"
#include "hadal/core/error.h"
#include "hadal/core/memory.h"
#include "hadal/dao/select/selector.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include <c10/core/InferenceMode.h>

namespace hadal::bench::attention_dao_scaling {
namespace {

constexpr std::int64_t kHeadDim = 128;
constexpr std::int64_t kLeastTokens = 2'048;
constexpr dao::AlwaysKept kAlways{.sinks = 1, .window = 4};

dao::PooledTopK share() { return dao::PooledTopK({.keep = 0.30, .always = kAlways}); }
dao::PooledTopK budget() { return dao::PooledTopK({.blocks = 32, .always = kAlways}); }

struct Variant {
  std::string_view name;
  std::function<at::Tensor(const AttentionInput&)> run;
};

std::array<Variant, 3> variants() {
  return {{{"dense", fused_attention},
           {"keep 0.30", [](const AttentionInput& x) { return sparse_attention(share(), x); }},
           {"32 blocks", [](const AttentionInput& x) { return sparse_attention(budget(), x); }}}};
}

/// Time and peak memory a token of one variant, the best of three runs.
void measure_into(std::vector<Metric>& metrics, const Variant& variant, const AttentionInput& x) {
  const auto tokens = static_cast<double>(x.query.size(2));
  double best = 0;
  std::int64_t peak = 0;
  for (int run = 0; run < 3; ++run) {
    const MemoryMeter memory;
    const double start = steady_seconds();
    variant.run(x);
    const double seconds = steady_seconds() - start;
    best = run == 0 ? seconds : std::min(best, seconds);
    peak = memory.peak_bytes();
  }
  const std::string prefix = concat(variant.name, ", ", x.query.size(2), " tokens: ");
  metrics.push_back({prefix + "time per token", 1e6 * best / tokens, "us"});
  metrics.push_back(
      {prefix + "peak memory per token", static_cast<double>(peak) / tokens, "bytes"});
}

AttentionInput input_of(const Context& context, std::int64_t tokens) {
  return topical_attention_input(context.seed, tokens, kHeadDim, at::kBFloat16);
}

Quality quality_of(const Context& context, const AttentionInput& longest) {
  const c10::InferenceMode inference;
  Quality quality{
      .baseline = relative_attention_error(fused_attention(longest), longest, {}),
      .candidate = relative_attention_error(sparse_attention(share(), longest), longest, {}),
      .metrics = {}};
  quality.metrics.push_back(
      {"relative L2 error, 32 blocks",
       relative_attention_error(sparse_attention(budget(), longest), longest, {}), ""});
  for (std::int64_t tokens = kLeastTokens; tokens <= longest.query.size(2); tokens *= 2) {
    context.check_interrupt();
    const AttentionInput x = input_of(context, tokens);
    for (const Variant& variant : variants()) measure_into(quality.metrics, variant, x);
  }
  return quality;
}

Workload prepare(const Context& context) {
  const AttentionInput x = input_of(context, context.scale == Scale::full ? 65'536 : 8'192);
  return {.data = topical_data_source(x),
          .quality = [context, x] { return quality_of(context, x); },
          .baseline =
              [x] {
                const c10::InferenceMode inference;
                fused_attention(x);
              },
          .candidate =
              [x] {
                const c10::InferenceMode inference;
                sparse_attention(share(), x);
              },
          .candidate_flops = sparse_flops(share(), x)};
}

Case make_case() {
  return {.id = "nlp/attention-dao-scaling",
          .domain = Domain::nlp,
          .module = "dao",
          .summary =
              "Causal attention over 2,048 to 65,536 tokens (8,192 in a quick run) in bf16, one "
              "head of 128: time and memory a token, dense, with 30 % of the pairs and with 32 "
              "key blocks of 64 a query; the comparison is at the greatest length, with 30 %",
          .baseline = "at::scaled_dot_product_attention, bf16",
          .candidate = "hadal::dao::PooledTopK and attention_forward, bf16, keep 0.30",
          .gate = {.metric = "relative L2 error",
                   .bound = QualityResult::Bound::at_most,
                   .target = 0.04},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::attention_dao_scaling
