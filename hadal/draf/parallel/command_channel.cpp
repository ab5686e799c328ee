#include "hadal/draf/parallel/command_channel.h"

#include "hadal/draf/parallel/message.h"

namespace hadal::draf {
namespace {

constexpr const char* kWhat = "an engine's next step";

}  // namespace

void CommandChannel::send(const Command& command) {
  const auto bytes = bytes_of(command);
  for (PendingCollective& sent : begin_message(*grid_.stage, bytes, kWhat)) sent.wait();
  pass_on(command, bytes);
}

Command CommandChannel::receive() {
  const bool from_stage_before = grid_.pipeline && !grid_.pipeline->is_first();
  const auto bytes =
      from_stage_before ? grid_.pipeline->hear() : receive_message(*grid_.stage, 0, kWhat);
  Command command = command_of(bytes);
  pass_on(command, bytes);
  return command;
}

void CommandChannel::pass_on(const Command& command, std::span<const std::uint8_t> bytes) {
  if (!grid_.pipeline) return;
  grid_.pipeline->tell(bytes);
  // Else a rank that is gone would show only when there is something to do again.
  if (!command.step) grid_.pipeline->settle();
}

}  // namespace hadal::draf
