#pragma once

#include "hadal/core/process_group/process_group.h"
#include "hadal/draf/parallel/command.h"

#include <chrono>
#include <memory>

namespace hadal::draf {

/// How rank 0 tells the others what to do. For the thread that also runs the model, because both
/// use the group.
class CommandChannel {
 public:
  explicit CommandChannel(std::shared_ptr<ProcessGroup> group) : group_(std::move(group)) {}

  /// At rank 0. Throws PeerError.
  void send(const Command& command);
  /// At the others. Throws PeerError, also where rank 0 says nothing for the group's timeout.
  Command receive();

  /// Within this time rank 0 has to say something, be it that there is nothing to do.
  std::chrono::milliseconds longest_silence() const { return group_->timeout() / 3; }

 private:
  std::shared_ptr<ProcessGroup> group_;
};

}  // namespace hadal::draf
