#include "hadal/bench/cases/nlp/attention_input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/dao/attention.h"
#include "hadal/dao/flops.h"

#include <c10/core/InferenceMode.h>

namespace hadal::bench::attention_dao_dense_16k {
namespace {

constexpr std::int64_t kTokens = 16'384;
constexpr std::int64_t kTokensQuick = 8'192;
constexpr std::int64_t kHeads = 1;
constexpr std::int64_t kHeadDim = 128;

at::Tensor dao_attention(const AttentionInput& x) {
  return dao::attention_forward(x.query, x.key, x.value, {}).output;
}

Workload prepare(const Context& context) {
  const std::int64_t tokens = context.scale == Scale::quick ? kTokensQuick : kTokens;
  const AttentionInput x =
      normal_attention_input(context.seed, kHeads, tokens, kHeadDim, at::kBFloat16);
  return {.data = data_source(x),
          .quality =
              [x] {
                const c10::InferenceMode inference;
                return Quality{.baseline = attention_error(fused_attention(x), x),
                               .candidate = attention_error(dao_attention(x), x)};
              },
          .baseline =
              [x] {
                const c10::InferenceMode inference;
                fused_attention(x);
              },
          .candidate = [x] { dao_attention(x); },
          .candidate_flops = dao::forward_flops(x.query, x.key, {}).executed};
}

Case make_case() {
  return {.id = "nlp/attention-dao-dense-16k",
          .domain = Domain::nlp,
          .module = "dao",
          .summary =
              "Causal attention over 16,384 tokens (8,192 in a quick run) in bf16, one head of "
              "128, all interactions "
              "kept: LibTorch's kernel against Hadal's, both checked against fp64",
          .baseline = "at::scaled_dot_product_attention, bf16",
          .candidate = "hadal::dao::attention_forward, bf16, dense",
          .gate = {.metric = "max absolute error",
                   .bound = QualityResult::Bound::at_most,
                   .target = 0.02,
                   .most_relative_loss = 1.0},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::attention_dao_dense_16k
