#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hadal::draf {

/// How a token is chosen from the logits, in this order: logit_bias and penalties, temperature,
/// top_k, top_p, min_p, and a draw. As in vLLM and OpenAI's API, where they have the option.
struct SamplingOptions {
  double temperature = 1;         ///< at least 0; 0 takes the most probable token
  std::int64_t top_k = 0;         ///< draw from this many most probable tokens; 0: from all
  double top_p = 1;               ///< the fewest tokens that hold this share; in (0, 1]
  double min_p = 0;               ///< at least this share of the best token's probability; [0, 1]
  double repetition_penalty = 1;  ///< above 0; divides the positive logits of tokens seen so far,
                                  ///< prompt included, and multiplies the negative (Keskar, 2019)
  double presence_penalty = 0;    ///< taken from the logits of tokens generated so far; [-2, 2]
  double frequency_penalty = 0;   ///< the same, times how often; [-2, 2]
  std::map<std::int64_t, double> logit_bias = {};  ///< added to the logits of these ids
  std::optional<std::uint64_t> seed = {};          ///< of the draws; a new one where empty
};

/// One continuation to generate.
struct Request {
  std::vector<std::int64_t> prompt;  ///< token ids, at least one
  std::int64_t max_tokens;           ///< to generate, at least 1; the context bounds it too
  SamplingOptions sampling = {};
  std::vector<std::string> stop = {};         ///< texts that end it, and that are not given out
  bool ignore_end = false;                    ///< go on after the model's end-of-text tokens
  std::optional<std::int64_t> logprobs = {};  ///< give logprobs, and those of this many best tokens
};

struct TokenLogprob {
  std::int64_t id;
  double logprob;  ///< natural logarithm, of the model's own distribution (before sampling options)
};

struct GeneratedToken {
  std::int64_t id;
  double logprob;                       ///< 0 where the request asked for none
  std::vector<TokenLogprob> best = {};  ///< descending, as many as the request asked for
};

enum class FinishReason {
  stop,       ///< an end-of-text token or a stop text
  length,     ///< max_tokens, or the context is full
  cancelled,  ///< by Engine::cancel()
  error,      ///< see Output::error
};

/// A part of what a request generates.
struct Output {
  std::vector<GeneratedToken> tokens = {};
  /// What these tokens add to the text: whole UTF-8 characters, and nothing that may be the start
  /// of a stop text. What is held back comes with a later part, the last at the latest.
  std::string text = {};
  std::optional<FinishReason> finish = {};  ///< set in the last part, and only there
  std::string error = {};                   ///< why, where finish is error
  std::int64_t cached_tokens = 0;  ///< of the prompt, whose keys and values were there already
};

}  // namespace hadal::draf
