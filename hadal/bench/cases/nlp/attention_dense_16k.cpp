#include "hadal/bench/cases/nlp/attention_input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/dao/explicit_attention.h"

#include <c10/core/InferenceMode.h>

namespace hadal::bench::attention_dense_16k {
namespace {

constexpr std::int64_t kTokens = 16'384;
constexpr std::int64_t kHeads = 1;
constexpr std::int64_t kHeadDim = 128;
// Heads of the published figure, whose scores are in FP16.
constexpr double kPublishedHeads = 96;

at::Tensor explicit_form(const AttentionInput& x) {
  return dao::explicit_attention(x.query, x.key, x.value, /*causal=*/true);
}

Workload prepare(const Context& context) {
  const AttentionInput x =
      normal_attention_input(context.seed, kHeads, kTokens, kHeadDim, at::kFloat);
  return {
      .data = data_source(x),
      .quality =
          [x] {
            const c10::InferenceMode inference;
            return Quality{
                .baseline = attention_error(explicit_form(x), x),
                .candidate = attention_error(fused_attention(x), x),
                .metrics = {{"score_matrix_fp16_bytes",
                             kPublishedHeads * static_cast<double>(kTokens * kTokens) * 2, "bytes"},
                            {"heads", static_cast<double>(kHeads), ""}}};
          },
      .baseline =
          [x] {
            const c10::InferenceMode inference;
            explicit_form(x);
          },
      .candidate =
          [x] {
            const c10::InferenceMode inference;
            fused_attention(x);
          }};
}

Case make_case() {
  return {.id = "nlp/attention-dense-16k",
          .domain = Domain::nlp,
          .module = "dao",
          .summary =
              "Causal attention over 16,384 tokens in fp32, one head of 128: the definition "
              "against the fused kernel, both checked against fp64",
          .baseline = "softmax(Q K^T) V with the score matrix in memory",
          .candidate = "at::scaled_dot_product_attention",
          .gate = {.metric = "max absolute error",
                   .bound = QualityResult::Bound::at_most,
                   .target = 1e-5},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::attention_dense_16k
