#pragma once

#include "hadal/draf/parallel/command.h"
#include "hadal/draf/parallel/rank_grid.h"

#include <chrono>
#include <cstdint>
#include <span>
#include <utility>

namespace hadal::draf {

/// How rank 0 tells the others what to do: those of its stage, and each rank its like in the stage
/// after. For the thread that also runs the model, because both use the groups.
class CommandChannel {
 public:
  explicit CommandChannel(RankGrid grid) : grid_(std::move(grid)) {}

  /// At rank 0. Where there is something to do, it does not wait for other stages. Throws
  /// PeerError.
  void send(const Command& command);
  /// At the others. Throws PeerError, also where rank 0 says nothing for the group's timeout.
  Command receive();

  /// Within this time rank 0 has to say something, be it that there is nothing to do.
  std::chrono::milliseconds longest_silence() const { return grid_.all->timeout() / 3; }

 private:
  void pass_on(const Command& command, std::span<const std::uint8_t> bytes);

  RankGrid grid_;
};

}  // namespace hadal::draf
