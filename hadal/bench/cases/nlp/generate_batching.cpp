#include "hadal/bench/cases/input.h"
#include "hadal/bench/cases/nlp/generate.h"
#include "hadal/bench/cases/nlp/random_llama.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/draf/engine/create.h"
#include "hadal/draf/model/llama.h"
#include "hadal/models/llama/tensors.h"

#include <memory>
#include <utility>

namespace hadal::bench::generate_batching {
namespace {

constexpr std::int64_t kRequests = 16;
constexpr std::int64_t kPrompt = 16;

/// Rounds of requests with prompts that no round before had, so that no cache knows them.
class Rounds {
 public:
  Rounds(const Context& context, const models::LlamaConfig& config)
      : vocabulary_(config.vocabulary),
        tokens_(context.scale == Scale::full ? 128 : 8),
        next_(context.seed) {}

  std::vector<draf::Request> next() {
    std::vector<draf::Request> requests;
    for (std::int64_t i = 0; i < kRequests; ++i) {
      requests.push_back(greedy_request(random_prompt(vocabulary_, kPrompt, next_++), tokens_));
    }
    return requests;
  }
  std::int64_t tokens() const { return kRequests * (kPrompt + tokens_); }

 private:
  std::int64_t vocabulary_;
  std::int64_t tokens_;
  std::uint64_t next_;
};

std::vector<std::vector<std::int64_t>> one_after_another(draf::Engine& engine,
                                                         std::vector<draf::Request> requests) {
  std::vector<std::vector<std::int64_t>> tokens;
  for (draf::Request& request : requests) {
    std::vector<draf::Request> alone;
    alone.push_back(std::move(request));
    tokens.push_back(std::move(generate(engine, std::move(alone)).front()));
  }
  return tokens;
}

/// The share of the tokens that requests get together which they also get alone.
double agreement(draf::Engine& engine, const std::vector<draf::Request>& requests) {
  const auto alone = one_after_another(engine, requests);
  const auto together = generate(engine, requests);
  double same = 0;
  double all = 0;
  for (std::size_t i = 0; i < alone.size(); ++i) {
    for (std::size_t t = 0; t < alone[i].size(); ++t) same += alone[i][t] == together[i][t];
    all += static_cast<double>(alone[i].size());
  }
  return same / all;
}

Workload prepare(const Context& context) {
  const models::LlamaConfig config = llama_config(context.scale);
  models::LlamaWeights weights = random_llama(config, context.seed);
  const at::Tensor embedding = weights.tensors.at(models::kEmbeddingTensor);
  const std::shared_ptr<draf::Engine> engine =
      draf::start_engine({.model = draf::make_llama(std::move(weights), draf::WeightFormat::bf16)});
  const auto rounds = std::make_shared<Rounds>(context, config);
  const double flops = 2 * static_cast<double>(parameter_count(config) * rounds->tokens());
  return {.data = data_source(concat("a random Llama of ", parameter_count(config),
                                     " parameters and random prompts"),
                              true, {embedding}),
          .quality =
              [engine, rounds] {
                return Quality{.baseline = 1, .candidate = agreement(*engine, rounds->next())};
              },
          .baseline = [engine, rounds] { one_after_another(*engine, rounds->next()); },
          .candidate = [engine, rounds] { generate(*engine, rounds->next()); },
          .baseline_flops = flops,
          .candidate_flops = flops};
}

Case make_case() {
  return {.id = "nlp/generate-batching",
          .domain = Domain::nlp,
          .module = "draf",
          .summary =
              "16 requests at a time by continuous batching against one after another: a "
              "random bf16 Llama, prompts of 16 tokens, 128 greedy tokens each (quick: 8)",
          .baseline = "the same engine with one request at a time",
          .candidate = "hadal::draf's engine with all requests at once",
          .gate = {.metric = "share of tokens equal to those generated alone",
                   .bound = QualityResult::Bound::at_least,
                   .target = 1},
          .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::generate_batching
