#include "hadal/bench/cases/input.h"
#include "hadal/bench/cases/nlp/decode_loop.h"
#include "hadal/bench/cases/nlp/generate.h"
#include "hadal/bench/cases/nlp/random_llama.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/draf/engine/create.h"
#include "hadal/draf/model/llama.h"
#include "hadal/models/llama/tensors.h"

#include <memory>

namespace hadal::bench::generate_prefill {
namespace {

/// Both sides, and prompts that no run before had, so that no cache knows them.
struct Sides {
  std::int64_t vocabulary;
  std::int64_t tokens;
  std::uint64_t next;
  std::unique_ptr<draf::Engine> engine;
  DecodeLoop loop;

  std::vector<std::int64_t> prompt() { return random_prompt(vocabulary, tokens, next++); }
  std::int64_t first_token(const std::vector<std::int64_t>& prompt) const {
    return generate(*engine, {greedy_request(prompt, 1)}).front().front();
  }
};

/// How far the engine's first token is below the best by fp64, as a share of the logits' deviation.
double miss_of(const Sides& sides, DecodeLoop& exact, const std::vector<std::int64_t>& prompt) {
  const at::Tensor logits = exact.last_logits(prompt);
  const double chosen = logits[sides.first_token(prompt)].item<double>();
  return (logits.max().item<double>() - chosen) / logits.std().item<double>();
}

Quality quality_of(Sides& sides, const models::LlamaWeights& weights) {
  DecodeLoop exact(weights, at::kDouble, sides.tokens);
  double worst = 0;
  for (int i = 0; i < 2; ++i) worst = std::max(worst, miss_of(sides, exact, sides.prompt()));
  return {.baseline = 0, .candidate = worst};
}

Workload prepare(const Context& context) {
  const models::LlamaConfig config = llama_config(context.scale);
  const models::LlamaWeights weights = random_llama(config, context.seed);
  const std::int64_t tokens = context.scale == Scale::full ? 2048 : 512;
  const auto sides = std::make_shared<Sides>(Sides{
      .vocabulary = config.vocabulary,
      .tokens = tokens,
      .next = context.seed,
      .engine = draf::start_engine({.model = draf::make_llama(weights, draf::WeightFormat::bf16)}),
      .loop = DecodeLoop(weights, at::kBFloat16, tokens)});
  const std::int64_t head = config.vocabulary * config.dim;  // for the last token alone
  const double flops = 2 * static_cast<double>((parameter_count(config) - head) * tokens + head);
  return {.data = data_source(concat("a random Llama of ", parameter_count(config),
                                     " parameters and random prompts"),
                              true, {weights.tensors.at(models::kEmbeddingTensor)}),
          .quality = [sides, weights] { return quality_of(*sides, weights); },
          .baseline = [sides] { sides->loop.last_logits(sides->prompt()); },
          .candidate = [sides] { sides->first_token(sides->prompt()); },
          .baseline_flops = flops,
          .candidate_flops = flops};
}

Case make_case() {
  return {
      .id = "nlp/generate-prefill",
      .domain = Domain::nlp,
      .module = "draf",
      .summary =
          "the first token after a prompt of 2,048 (quick: 512) tokens that no cache knows: a "
          "random bf16 Llama. Says nothing of text quality",
      .baseline =
          "LibTorch's linear layers and scaled_dot_product_attention over the whole prompt, bf16",
      .candidate = "hadal::draf's engine, bf16, in chunks of 512 tokens",
      .gate = {.metric = "first token's distance to the best by fp64, in the logits' deviations",
               .bound = QualityResult::Bound::at_most,
               .target = 0.1},
      .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::generate_prefill
