#include "hadal/bench/cases/nlp/decode_dao.h"

#include "hadal/bench/cases/input.h"
#include "hadal/bench/cases/nlp/decode_input.h"
#include "hadal/bench/cases/nlp/decode_speed.h"
#include "hadal/core/error.h"
#include "hadal/dao/explicit_attention.h"
#include "hadal/dao/select/selector.h"

#include <cmath>
#include <memory>

#include <ATen/TensorIndexing.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kHeads = 8;
constexpr std::int64_t kHeadDim = 128;
// As in the cases of attention over whole sequences.
constexpr double kLargestError = 0.04;

/// The L2 norm of errors relative to that of what is exact, summed up over positions.
class RelativeError {
 public:
  void add(const at::Tensor& got, const at::Tensor& exact) {
    error_ += (got.to(at::kDouble) - exact).square().sum().item<double>();
    norm_ += exact.square().sum().item<double>();
  }
  double value() const { return std::sqrt(error_ / norm_); }

 private:
  double error_ = 0;
  double norm_ = 0;
};

/// Attention of the last of the first `tokens` tokens in fp64, [1, heads, 1, head_dim]; with
/// `lists` over the pages that they keep.
at::Tensor exact_attention(const DecodeInput& x, std::int64_t tokens,
                           const dao::BlockLists* lists = nullptr) {
  std::vector<at::Tensor> heads;
  for (std::int64_t head = 0; head < kHeads; ++head) {
    const auto seen = [&](const at::Tensor& tensor) {
      const at::Tensor all = tensor[0][head].narrow(0, 0, tokens).to(at::kDouble);
      if (lists == nullptr) return all;
      const auto* offsets = lists->offsets.const_data_ptr<std::int64_t>();
      const at::Tensor kept = at::zeros({dao::blocks_of(tokens)}, at::kBool);
      kept.index_fill_(0, lists->blocks.slice(0, offsets[head], offsets[head + 1]).to(at::kLong),
                       true);
      return all.index({kept.repeat_interleave(dao::kBlockSize)});
    };
    heads.push_back(dao::explicit_attention(x.query_at(tokens - 1)[0][head].to(at::kDouble),
                                            seen(x.key), seen(x.value), /*causal=*/true));
  }
  return at::stack(heads).unsqueeze(0);
}

Quality quality_of(const DecodeInput& x, PagedCache& cache) {
  constexpr std::int64_t kPositions = 16;
  const c10::InferenceMode inference;
  RelativeError fused, sparse, kernel, windowed;
  double kept = 0;
  for (std::int64_t i = 1; i <= kPositions; ++i) {
    const std::int64_t tokens = x.tokens() * i / kPositions;
    const at::Tensor query = x.query_at(tokens - 1);
    const at::Tensor key = x.key.narrow(2, 0, tokens);
    const at::Tensor exact = exact_attention(x, tokens);
    fused.add(fused_decode(query, key, x.value.narrow(2, 0, tokens)), exact);
    const dao::DecodeResult result = cache.decode(query, tokens, kSparseDecode);
    sparse.add(result.output, exact);
    const dao::BlockLists lists = dao::PooledTopK(*kSparseDecode.budget).select(query, key);
    kernel.add(result.output, exact_attention(x, tokens, &lists));
    // As many pages, but the latest ones: what not looking costs.
    const dao::Budget window{
        .keep = 1e-9,
        .always = {.sinks = 1,
                   .window = static_cast<std::int64_t>(kDecodeKeep * tokens / dao::kBlockSize)}};
    windowed.add(cache.decode(query, tokens, {.budget = window}).output, exact);
    kept += result.kept / kPositions;
  }
  Quality quality{.baseline = fused.value(), .candidate = sparse.value()};
  quality.metrics = {
      {"kept pairs", 100 * kept, "%"},
      {"relative L2 error of the kernel over the kept pages", kernel.value(), ""},
      {"relative L2 error of a sliding window of as many pages", windowed.value(), ""}};
  for (Metric& metric : decode_speeds(x, cache)) quality.metrics.push_back(std::move(metric));
  return quality;
}

Workload prepare(const Context& context, std::int64_t tokens) {
  const DecodeInput x = decode_input(context.seed, kHeads, tokens, kHeadDim);
  const auto contiguous = std::make_shared<ContiguousCache>(x);
  const auto paged = std::make_shared<PagedCache>(x);
  return {.data = data_source(concat("numbers with topics, nearness and a sink, BFloat16 ",
                                     x.query.sizes(), " each of Q, K, V"),
                              true, {x.query, x.key, x.value}),
          .quality = [x, paged] { return quality_of(x, *paged); },
          .baseline =
              [x, contiguous] {
                const c10::InferenceMode inference;
                contiguous->step(x);
              },
          .candidate =
              [x, paged] {
                const c10::InferenceMode inference;
                paged->step(x, kSparseDecode);
              },
          .candidate_flops = paged->step_flops(x, kSparseDecode)};
}

}  // namespace

Case decode_case(const std::string& id, std::int64_t tokens) {
  return {.id = id,
          .domain = Domain::nlp,
          .module = "dao",
          .summary = concat("Decoding one token after ", tokens,
                            " others in bf16, 8 heads of 128 with keys of their own, on input with "
                            "topics, nearness and a sink: all of the cache against the best 30 % "
                            "of its pages by pooled scores; appending the token and choosing pages "
                            "included"),
          .baseline = "at::scaled_dot_product_attention over a contiguous cache, bf16",
          .candidate = "hadal::dao::decode over a paged cache, bf16, keep 0.30",
          .gate = {.metric = "relative L2 error",
                   .bound = QualityResult::Bound::at_most,
                   .target = kLargestError},
          .prepare = [tokens](const Context& context) { return prepare(context, tokens); }};
}

}  // namespace hadal::bench
