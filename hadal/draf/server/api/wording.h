#pragma once

#include "hadal/draf/server/api/call.h"
#include "hadal/draf/server/api/json.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hadal::draf::server {

struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;  ///< of the prompt's
  std::int64_t completion_tokens = 0;
};

/// One choice of a reply that is not streamed.
struct WholeChoice {
  std::string text = {};
  std::vector<GeneratedToken> tokens = {};
  FinishReason finish = FinishReason::stop;
};

/// The objects of OpenAI's API that reply to one call.
class Wording {
 public:
  /// The references must outlive this. `id` is the reply's, without its prefix.
  Wording(const Call& call, const ServedModel& model, const std::string& id, std::int64_t created);

  /// What a stream says of a choice before its first part; empty where it says nothing.
  std::string opening(std::size_t choice) const;
  /// A part of a stream; empty where `output` adds nothing that a client sees.
  std::string part(std::size_t choice, const Output& output);
  /// The last object of a stream whose call asks for its usage.
  std::string usage_part(const Usage& usage) const;
  std::string whole(const std::vector<WholeChoice>& choices, const Usage& usage);

 private:
  Json head(const char* object) const;
  std::string chunk(Json choice) const;
  Json logprobs(std::size_t choice, const std::vector<GeneratedToken>& tokens);
  Json chat_logprobs(const std::vector<GeneratedToken>& tokens) const;
  Json completion_logprobs(std::size_t choice, const std::vector<GeneratedToken>& tokens);
  std::string text_of(std::int64_t id) const;

  const Call& call_;
  const ServedModel& model_;
  std::string id_;
  std::int64_t created_;
  std::vector<std::int64_t> offsets_;  ///< characters of each choice's tokens so far
};

}  // namespace hadal::draf::server
