#include "hadal/bench/cases/input.h"
#include "hadal/bench/cases/memory_speed.h"
#include "hadal/bench/cases/nlp/decode_loop.h"
#include "hadal/bench/cases/nlp/generate.h"
#include "hadal/bench/cases/nlp/random_llama.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/draf/engine/create.h"
#include "hadal/draf/model/llama.h"
#include "hadal/models/llama/tensors.h"

#include <memory>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench::generate_decode {
namespace {

constexpr std::int64_t kPrompt = 65;
constexpr std::int64_t kTokens = 24;
constexpr std::int64_t kReadBytes = std::int64_t{1} << 28;

at::Tensor by_head(const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); }

/// The logits of the last of `prompt` by a model of draf, [vocabulary].
at::Tensor last_logits(const draf::Model& model, const std::vector<std::int64_t>& prompt) {
  const auto tokens = static_cast<std::int64_t>(prompt.size());
  return model.forward(
      at::tensor(prompt, at::kLong), at::arange(tokens), at::full({1}, tokens - 1, at::kLong),
      [](std::int64_t, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
        return at::scaled_dot_product_attention(by_head(query), by_head(key), by_head(value), {},
                                                0.0, /*is_causal=*/true, {}, /*enable_gqa=*/true)[0]
            .transpose(0, 1)
            .contiguous();
      })[0];
}

double relative_error(const at::Tensor& got, const at::Tensor& exact) {
  return ((got.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

/// All that a run takes.
struct Sides {
  std::vector<std::int64_t> prompt;
  std::shared_ptr<const draf::Model> model;
  std::unique_ptr<draf::Engine> engine;
  DecodeLoop loop;

  void decode() { generate(*engine, {greedy_request(prompt, kTokens)}); }
};

Quality quality_of(Sides& sides, const models::LlamaWeights& weights) {
  const c10::InferenceMode inference;
  const at::Tensor exact =
      DecodeLoop(weights, at::kDouble, kPrompt + kTokens).last_logits(sides.prompt);
  Quality quality{.baseline = relative_error(sides.loop.last_logits(sides.prompt), exact),
                  .candidate = relative_error(last_logits(*sides.model, sides.prompt), exact)};
  sides.decode();  // whose prompt is in the cache from now on
  const at::Tensor memory = at::full({kReadBytes}, 1, at::kByte);
  const double reading = kReadBytes / seconds_of([&] { read_all(memory); });
  const double seconds = seconds_of([&] { sides.decode(); });
  const double read = static_cast<double>(sides.model->bytes() * kTokens) / seconds;
  constexpr double kGiga = 1e9;
  quality.metrics = {{"tokens per second", kTokens / seconds, "tokens/s"},
                     {"weights read", read / kGiga, "GB/s"},
                     {"what the machine reads of memory", reading / kGiga, "GB/s"},
                     {"share of what the machine reads", 100 * read / reading, "%"}};
  return quality;
}

Workload prepare(const Context& context) {
  const models::LlamaConfig config = llama_config(context.scale);
  const models::LlamaWeights weights = random_llama(config, context.seed);
  const std::shared_ptr<const draf::Model> model =
      draf::make_llama(weights, draf::WeightFormat::bf16);
  const auto prompt = random_prompt(config.vocabulary, kPrompt, context.seed);
  const auto sides =
      std::make_shared<Sides>(Sides{prompt, model, draf::start_engine({.model = model}),
                                    DecodeLoop(weights, at::kBFloat16, kPrompt + kTokens)});
  const double flops = 2 * static_cast<double>(parameter_count(config) * kTokens);
  return {.data = data_source(concat("a random Llama of ", parameter_count(config),
                                     " parameters and a random prompt"),
                              true, {weights.tensors.at(models::kEmbeddingTensor)}),
          .quality = [sides, weights] { return quality_of(*sides, weights); },
          .baseline = [sides] { sides->loop.generate(sides->prompt, kTokens); },
          .candidate = [sides] { sides->decode(); },
          .baseline_flops = flops,
          .candidate_flops = flops};
}

Case make_case() {
  return {.id = "nlp/generate-decode",
          .domain = Domain::nlp,
          .module = "draf",
          .summary =
              "24 greedy tokens, one request, after a prompt of 65 tokens that is computed "
              "before: a random bf16 Llama. Says nothing of text quality: logits are "
              "compared with fp64",
          .baseline =
              "a loop over LibTorch's linear layers and scaled_dot_product_attention with "
              "a contiguous cache, bf16",
          .candidate = "hadal::draf's engine, bf16",
          .gate = {.metric = "relative L2 error of the logits",
                   .bound = QualityResult::Bound::at_most,
                   .target = 0.03},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::generate_decode
