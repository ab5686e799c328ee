#pragma once

#include "hadal/draf/engine/request.h"

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace hadal::draf {

/// Throws InvalidArgument, naming the field, the range and the value.
void check_sampling(const SamplingOptions& options, std::int64_t vocabulary);

/// Chooses the tokens of one request, one after another, as SamplingOptions says. The draw for
/// token i depends on the seed and on i alone.
class Sampler {
 public:
  /// `seed` is used where the options have none.
  Sampler(SamplingOptions options, std::span<const std::int64_t> prompt, std::uint64_t seed);

  /// The next token, by logits [vocabulary], which it changes. Throws InvalidArgument where one of
  /// them is not a number, or none is above -infinity, or one is infinity.
  std::int64_t next(std::span<float> logits);

 private:
  struct Seen {
    bool in_prompt = false;
    std::int64_t generated = 0;
  };

  bool penalizes() const;
  void adjust(std::span<float> logits) const;
  std::int64_t draw(std::span<const float> logits, float largest) const;

  SamplingOptions options_;
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
  std::unordered_map<std::int64_t, Seen> seen_;
};

/// The log-probabilities of a token and of the `best` most probable, descending, by log-softmax of
/// logits [vocabulary].
GeneratedToken with_logprobs(std::int64_t id, std::span<const float> logits, std::int64_t best);

}  // namespace hadal::draf
