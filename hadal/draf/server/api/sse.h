#pragma once

#include <string>
#include <string_view>

namespace hadal::draf::server {

/// An event of a text/event-stream. `data` must be one line, as dump() makes it.
inline std::string sse_event(std::string_view data) {
  std::string event = "data: ";
  event += data;
  event += "\n\n";
  return event;
}

/// What ends a stream of OpenAI's API.
inline constexpr std::string_view kSseDone = "[DONE]";

}  // namespace hadal::draf::server
