#pragma once

#include "hadal/draf/engine/create.h"
#include "hadal/draf/sampling/sampler.h"
#include "hadal/draf/scheduler/scheduler.h"
#include "hadal/draf/text/detokenizer.h"
#include "hadal/draf/text/stop_texts.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace hadal::draf {

/// A request from its submission to its end.
class Generation : public Work {
 public:
  /// The request must be checked.
  Generation(std::int64_t id, Request request, Engine::Sink sink, const EngineParts& parts,
             std::uint64_t seed);

  /// Chooses the next token by logits [vocabulary], which it changes. Throws InvalidArgument where
  /// they are none.
  GeneratedToken choose(std::span<float> logits);
  /// Takes a token that choose() gave: what to give out of it, and whether that is the end.
  Output take(GeneratedToken token);
  /// The last output, with what was held back.
  Output end(FinishReason reason, std::string error = "");
  /// Where outputs go, which may outlive this.
  const std::shared_ptr<const Engine::Sink>& sink() const { return sink_; }

 private:
  std::optional<FinishReason> finish_of(std::int64_t id) const;

  const EngineParts& parts_;
  std::shared_ptr<const Engine::Sink> sink_;
  std::int64_t length_;  // of prompt and output, at most
  bool ignore_end_;
  std::optional<std::int64_t> logprobs_;
  Sampler sampler_;
  std::optional<Detokenizer> detokenizer_;
  StopTexts stops_;
};

}  // namespace hadal::draf
