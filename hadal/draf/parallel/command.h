#pragma once

#include "hadal/draf/engine/engine.h"

#include <cstdint>
#include <span>
#include <vector>

namespace hadal::draf {

/// A request as the leading rank has taken it.
struct Submission {
  Engine::Id id;
  std::uint64_t seed;  ///< of its draws, where the request names none
  Request request;
};

/// What all ranks of an engine do next, in this order.
struct Command {
  std::vector<Submission> arrived = {};
  std::vector<Engine::Id> cancelled = {};
  bool step = false;  ///< one pass over the model
  bool end = false;   ///< cancel all, and end
  /// Steps so far, and a digest of the tokens that they gave, by which ranks find that they differ.
  std::int64_t steps = 0;
  std::uint64_t digest = 0;
};

/// CBOR, in which numbers and texts come back as they were.
std::vector<std::uint8_t> bytes_of(const Command& command);
/// Throws FormatError for bytes that bytes_of() did not give.
Command command_of(std::span<const std::uint8_t> bytes);

}  // namespace hadal::draf
