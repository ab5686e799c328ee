#pragma once

#include "hadal/core/process_group/process_group.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hadal::draf {

/// Begins to send bytes of any number from this rank to the others of `group`, who
/// receive_message() them. `what` names the message in errors.
std::vector<PendingCollective> begin_message(ProcessGroup& group,
                                             std::span<const std::uint8_t> bytes,
                                             const std::string& what);

/// The message of rank `root`. Throws PeerError, also where it says nothing for the group's
/// timeout.
std::vector<std::uint8_t> receive_message(ProcessGroup& group, int root, const std::string& what);

}  // namespace hadal::draf
