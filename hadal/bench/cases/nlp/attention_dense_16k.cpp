#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/random.h"
#include "hadal/dao/explicit_attention.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kTokens = 16'384;
constexpr std::int64_t kHeads = 1;
constexpr std::int64_t kHeadDim = 128;
// Heads and bytes of the score matrix in the published figure: 96 heads, FP16.
constexpr double kPublishedHeads = 96;

struct Input {
  at::Tensor query, key, value;  // fp32 [kHeads, kTokens, kHeadDim]
};

at::Tensor explicit_form(const Input& x) {
  return dao::explicit_attention(x.query, x.key, x.value, /*causal=*/true);
}

at::Tensor fused(const Input& x) {
  const auto with_batch = [](const at::Tensor& tensor) { return tensor.unsqueeze(0); };
  return at::scaled_dot_product_attention(with_batch(x.query), with_batch(x.key),
                                          with_batch(x.value), {}, 0.0, /*is_causal=*/true)
      .squeeze(0);
}

/// The largest error of `result` in rows spread over the sequence, against the definition in fp64.
double error_of(const at::Tensor& result, const Input& x) {
  constexpr std::int64_t kStep = 257;
  double largest = 0;
  for (std::int64_t row = 0; row < kTokens; row += kStep) {
    const auto seen = [&](const at::Tensor& tensor) {
      return tensor.narrow(1, 0, row + 1).to(at::kDouble);
    };
    const at::Tensor exact = dao::explicit_attention(x.query.narrow(1, row, 1).to(at::kDouble),
                                                     seen(x.key), seen(x.value), /*causal=*/true);
    const at::Tensor error = (result.narrow(1, row, 1).to(at::kDouble) - exact).abs().max();
    largest = std::max(largest, error.item<double>());
  }
  return largest;
}

Quality quality_of(const Input& x) {
  const c10::InferenceMode inference;
  return {.baseline = error_of(explicit_form(x), x),
          .candidate = error_of(fused(x), x),
          .metrics = {{"score_matrix_fp16_bytes",
                       kPublishedHeads * static_cast<double>(kTokens * kTokens) * 2, "bytes"},
                      {"heads", static_cast<double>(kHeads), ""}}};
}

Workload prepare(const Context& context) {
  seed_aten(context.seed);
  const auto make = [] { return at::randn({kHeads, kTokens, kHeadDim}); };
  const auto x = std::make_shared<Input>(Input{make(), make(), make()});
  return {.data = data_source("standard normal numbers, fp32 [1, 16384, 128] each of Q, K, V", true,
                              {x->query, x->key, x->value}),
          .quality = [x] { return quality_of(*x); },
          .baseline =
              [x] {
                const c10::InferenceMode inference;
                explicit_form(*x);
              },
          .candidate =
              [x] {
                const c10::InferenceMode inference;
                fused(*x);
              }};
}

Case make_case() {
  return {.id = "nlp/attention-dense-16k",
          .domain = Domain::nlp,
          .module = "dao",
          .summary =
              "Causal attention over 16,384 tokens, one head of 128: the definition against "
              "the fused kernel, both checked against fp64",
          .baseline = "softmax(Q K^T) V with the score matrix in memory",
          .candidate = "at::scaled_dot_product_attention",
          .gate = {.metric = "max absolute error",
                   .bound = QualityResult::Bound::at_most,
                   .target = 1e-5},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench
