#pragma once

#include "hadal/data/tokenizer/tokenizer.h"
#include "hadal/draf/engine/request.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace hadal::draf {

struct Conversation;  // chat/chat_template.h, which is not public

/// What a server has to know of the model behind its engine.
struct ServedModel {
  std::string name;      ///< as clients call it
  std::int64_t context;  ///< tokens, of prompt and continuation together
  std::shared_ptr<const data::Tokenizer> tokenizer;
  /// The prompt of a conversation; empty where the model has no chat template.
  std::function<std::string(const Conversation&)> render_chat = {};
  SamplingOptions sampling = {};  ///< for what a request leaves open
};

}  // namespace hadal::draf
