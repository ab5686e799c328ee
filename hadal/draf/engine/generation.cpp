#include "hadal/draf/engine/generation.h"

#include <algorithm>
#include <utility>

namespace hadal::draf {

Generation::Generation(std::int64_t request_id, Request request, Engine::Sink sink,
                       const EngineParts& parts, std::uint64_t seed)
    : Work{.id = request_id, .tokens = std::move(request.prompt)},
      parts_(parts),
      sink_(std::make_shared<const Engine::Sink>(std::move(sink))),
      ignore_end_(request.ignore_end),
      logprobs_(request.logprobs),
      sampler_(std::move(request.sampling), tokens, seed),
      stops_(std::move(request.stop)) {
  const auto prompt_tokens = static_cast<std::int64_t>(tokens.size());
  prompt = prompt_tokens;
  length_ =
      prompt_tokens + std::min(request.max_tokens, parts.model->shape().context - prompt_tokens);
  if (parts.tokenizer) detokenizer_.emplace(*parts.tokenizer, tokens);
}

GeneratedToken Generation::choose(std::span<float> logits) {
  if (!logprobs_) return {.id = sampler_.next(logits), .logprob = 0};
  const std::vector<float> before(logits.begin(), logits.end());
  return with_logprobs(sampler_.next(logits), before, *logprobs_);
}

std::optional<FinishReason> Generation::finish_of(std::int64_t token) const {
  const bool ends = std::ranges::find(parts_.end_ids, token) != parts_.end_ids.end();
  if (ends && !ignore_end_) return FinishReason::stop;
  if (static_cast<std::int64_t>(tokens.size()) >= length_) return FinishReason::length;
  return std::nullopt;
}

Output Generation::take(GeneratedToken token) {
  tokens.push_back(token.id);
  Output output{.cached_tokens = cached.value_or(0)};
  output.finish = finish_of(token.id);
  // An end-of-text token has no text, special to the tokenizer or not.
  if (detokenizer_ && output.finish != FinishReason::stop) {
    output.text = stops_.add(detokenizer_->add(token.id));
  }
  output.tokens.push_back(std::move(token));
  if (output.finish && !stops_.found()) {
    Output last = end(*output.finish);
    output.text += last.text;
    output.finish = last.finish;
  }
  if (stops_.found()) output.finish = FinishReason::stop;
  return output;
}

Output Generation::end(FinishReason reason, std::string error) {
  Output output{.finish = reason, .error = std::move(error), .cached_tokens = cached.value_or(0)};
  if (!detokenizer_) return output;
  output.text = stops_.add(detokenizer_->finish());
  output.text += stops_.finish();
  return output;
}

}  // namespace hadal::draf
