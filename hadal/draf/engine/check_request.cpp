#include "hadal/draf/engine/check_request.h"

#include "hadal/dao/block_lists.h"
#include "hadal/draf/sampling/sampler.h"

#include <algorithm>

namespace hadal::draf {
namespace {

void check_prompt(const std::vector<std::int64_t>& prompt, const ModelShape& shape) {
  if (prompt.empty()) throw InvalidArgument("prompt: expected at least one token, got none");
  const auto tokens = static_cast<std::int64_t>(prompt.size());
  if (tokens >= shape.context) {
    throw InvalidArgument(concat("prompt: expected fewer than the ", shape.context,
                                 " tokens of the model's context, got ", tokens));
  }
  for (const std::int64_t id : prompt) {
    if (id >= 0 && id < shape.vocabulary) continue;
    throw InvalidArgument(
        concat("prompt: expected token ids from 0 to ", shape.vocabulary - 1, ", got ", id));
  }
}

void check_stop(const std::vector<std::string>& stop, bool has_tokenizer) {
  if (std::ranges::any_of(stop, &std::string::empty)) {
    throw InvalidArgument("stop: expected texts that are not empty");
  }
  if (!stop.empty() && !has_tokenizer) {
    throw InvalidArgument("stop: expected no texts, because this engine has no tokenizer");
  }
}

}  // namespace

void check_request(const Request& request, const EngineParts& parts, std::int64_t pages) {
  const ModelShape& shape = parts.model->shape();
  check_prompt(request.prompt, shape);
  if (request.max_tokens < 1) {
    throw InvalidArgument(concat("max_tokens: expected 1 or more, got ", request.max_tokens));
  }
  check_sampling(request.sampling, shape.vocabulary);
  check_stop(request.stop, parts.tokenizer != nullptr);
  const std::int64_t logprobs = request.logprobs.value_or(0);
  if (logprobs < 0 || logprobs > shape.vocabulary) {
    throw InvalidArgument(concat("logprobs: expected 0 to ", shape.vocabulary, ", got ", logprobs));
  }
  const auto prompt = static_cast<std::int64_t>(request.prompt.size());
  // The last token's keys and values are never needed.
  const std::int64_t tokens = prompt + std::min(request.max_tokens, shape.context - prompt) - 1;
  if (dao::blocks_of(tokens) <= pages) return;
  throw InvalidArgument(concat("prompt and max_tokens: expected at most the ",
                               pages * dao::kBlockSize, " tokens of the KV cache, got ", tokens),
                        "ask for fewer tokens, or give the cache more memory");
}

}  // namespace hadal::draf
