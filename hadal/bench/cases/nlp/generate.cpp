#include "hadal/bench/cases/nlp/generate.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <future>
#include <memory>
#include <utility>

namespace hadal::bench {
namespace {

/// What a request generates, as it comes.
struct Collected {
  std::vector<std::int64_t> tokens;
  std::promise<std::vector<std::int64_t>> done;

  void take(draf::Output output) {
    for (const draf::GeneratedToken& token : output.tokens) tokens.push_back(token.id);
    if (!output.finish) return;
    if (*output.finish == draf::FinishReason::length) {
      done.set_value(std::move(tokens));
    } else {
      done.set_exception(
          std::make_exception_ptr(Error("a request ended before its length: " + output.error)));
    }
  }
};

}  // namespace

std::vector<std::int64_t> random_prompt(std::int64_t vocabulary, std::int64_t tokens,
                                        std::uint64_t seed) {
  Random random(seed);
  std::vector<std::int64_t> prompt(static_cast<std::size_t>(tokens));
  for (std::int64_t& id : prompt) {
    id = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(vocabulary)));
  }
  return prompt;
}

draf::Request greedy_request(std::vector<std::int64_t> prompt, std::int64_t tokens) {
  return {.prompt = std::move(prompt),
          .max_tokens = tokens,
          .sampling = {.temperature = 0},
          .ignore_end = true};
}

std::vector<std::vector<std::int64_t>> generate(draf::Engine& engine,
                                                std::vector<draf::Request> requests) {
  std::vector<std::future<std::vector<std::int64_t>>> results;
  for (draf::Request& request : requests) {
    const auto collected = std::make_shared<Collected>();
    results.push_back(collected->done.get_future());
    engine.submit(std::move(request),
                  [collected](draf::Output output) { collected->take(std::move(output)); });
  }
  std::vector<std::vector<std::int64_t>> tokens;
  for (auto& result : results) tokens.push_back(result.get());
  return tokens;
}

}  // namespace hadal::bench
