#include "hadal/bench/cases/input.h"
#include "hadal/bench/cases/nlp/completion_client.h"
#include "hadal/bench/cases/nlp/generate.h"
#include "hadal/bench/cases/nlp/random_llama.h"
#include "hadal/bench/cases/nlp/timed_engine.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/statistics.h"
#include "hadal/draf/engine/create.h"
#include "hadal/draf/model/llama.h"
#include "hadal/draf/server/server.h"
#include "hadal/models/llama/tensors.h"

#include <future>
#include <memory>
#include <utility>

namespace hadal::bench::serve_overhead {
namespace {

constexpr std::int64_t kStreams = 8;
constexpr std::int64_t kPrompt = 16;
constexpr std::int64_t kTokens = 16;

/// A letter for each id, so that each token has a text at once and the text names the tokens.
class LetterTokenizer final : public data::Tokenizer {
 public:
  explicit LetterTokenizer(std::int64_t vocabulary) : vocabulary_(vocabulary) {}

  std::vector<std::int64_t> encode(std::string_view text, bool) const override {
    return {text.begin(), text.end()};
  }
  std::string decode(std::span<const std::int64_t> ids, bool) const override {
    std::string text;
    for (const std::int64_t id : ids) text += id_to_token(id);
    return text;
  }
  std::int64_t vocabulary_size() const override { return vocabulary_; }
  std::optional<std::int64_t> token_to_id(std::string_view) const override { return {}; }
  std::string id_to_token(std::int64_t id) const override {
    return {static_cast<char>('a' + id % ('z' - 'a' + 1))};
  }

 private:
  std::int64_t vocabulary_;
};

typedef std::vector<std::vector<std::int64_t>> Prompts;

/// An engine, and a server over it.
class Sides {
 public:
  Sides(models::LlamaWeights weights, std::uint64_t seed)
      : vocabulary_(weights.config.vocabulary),
        tokenizer_(std::make_shared<LetterTokenizer>(vocabulary_)),
        next_(seed),
        engine_(draf::start_engine(
            {.model = draf::make_llama(std::move(weights), draf::WeightFormat::bf16),
             .tokenizer = tokenizer_})),
        timed_(*engine_),
        server_(timed_, {.name = "random", .context = 1024, .tokenizer = tokenizer_}, {.port = 0}) {
  }

  /// Prompts that no round before had, so that no cache knows them.
  Prompts next() {
    Prompts prompts;
    for (std::int64_t i = 0; i < kStreams; ++i) {
      prompts.push_back(random_prompt(vocabulary_, kPrompt, next_++));
    }
    return prompts;
  }
  std::vector<std::string> by_engine(const Prompts& prompts) {
    std::vector<draf::Request> requests;
    for (const auto& prompt : prompts) requests.push_back(greedy_request(prompt, kTokens));
    std::vector<std::string> texts;
    for (const auto& ids : generate(*engine_, std::move(requests))) {
      texts.push_back(tokenizer_->decode(ids, true));
    }
    return texts;
  }
  std::vector<StreamedCompletion> by_server(const Prompts& prompts) {
    std::vector<std::future<StreamedCompletion>> streams;
    for (const auto& prompt : prompts) {
      streams.push_back(std::async(std::launch::async, [this, &prompt] {
        return stream_completion(server_.port(), prompt, kTokens);
      }));
    }
    std::vector<StreamedCompletion> seen;
    for (auto& stream : streams) seen.push_back(stream.get());
    return seen;
  }
  Quality quality();

 private:
  std::int64_t vocabulary_;
  std::shared_ptr<const data::Tokenizer> tokenizer_;
  std::uint64_t next_;
  std::unique_ptr<draf::Engine> engine_;
  TimedEngine timed_;
  draf::Server server_;
};

double milliseconds(TimedEngine::Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

Quality Sides::quality() {
  constexpr int kRounds = 8;
  std::vector<double> before, after;
  double same = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Prompts prompts = next();
    const auto seen = by_server(prompts);
    const auto texts = by_engine(prompts);
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      same += seen[i].text == texts[i];
      const auto times = timed_.times_of(prompts[i]);
      before.push_back(milliseconds(times.submitted - seen[i].sent));
      const std::size_t bytes = std::min(times.bytes_at.size(), seen[i].bytes_at.size());
      for (std::size_t b = 0; b < bytes; ++b) {
        after.push_back(milliseconds(seen[i].bytes_at[b] - times.bytes_at[b]));
      }
    }
  }
  return {.baseline = 1,
          .candidate = same / (kRounds * kStreams),
          .metrics = {
              {"from a request's first byte to the engine, median", quantile(before, 0.5), "ms"},
              {"from a request's first byte to the engine, p99", quantile(before, 0.99), "ms"},
              {"from the engine to the client, a token, median", quantile(after, 0.5), "ms"},
              {"from the engine to the client, a token, p99", quantile(after, 0.99), "ms"}}};
}

Workload prepare(const Context& context) {
  const models::LlamaConfig config = llama_config(Scale::quick);
  models::LlamaWeights weights = random_llama(config, context.seed);
  const at::Tensor embedding = weights.tensors.at(models::kEmbeddingTensor);
  const auto sides = std::make_shared<Sides>(std::move(weights), context.seed);
  const double flops =
      2 * static_cast<double>(parameter_count(config) * kStreams * (kPrompt + kTokens));
  return {.data = data_source(concat("a random Llama of ", parameter_count(config),
                                     " parameters and random prompts"),
                              true, {embedding}),
          .quality = [sides] { return sides->quality(); },
          .baseline = [sides] { sides->by_engine(sides->next()); },
          .candidate = [sides] { sides->by_server(sides->next()); },
          .baseline_flops = flops,
          .candidate_flops = flops};
}

Case make_case() {
  return {
      .id = "nlp/serve-overhead",
      .domain = Domain::nlp,
      .module = "draf",
      .summary =
          "8 streams of 16 greedy tokens through the server and its HTTP on this machine, against "
          "the engine alone: what serving costs. Clients, server and engine share the processors",
      .baseline = "hadal::draf's engine, called in the process",
      .candidate = "the same engine behind hadal::draf's server, streamed over HTTP",
      .gate = {.metric = "share of texts equal to the engine's",
               .bound = QualityResult::Bound::at_least,
               .target = 1},
      .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::serve_overhead
