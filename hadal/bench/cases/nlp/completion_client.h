#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace hadal::bench {

/// What one client saw of a streamed completion.
struct StreamedCompletion {
  using Clock = std::chrono::steady_clock;

  std::string text;
  Clock::time_point sent = {};                   ///< before the request's first byte
  std::vector<Clock::time_point> bytes_at = {};  ///< when each byte of `text` was there
};

/// Streams a greedy completion of `tokens` tokens from a server on this machine's `port`, over a
/// connection of its own. The text may only have letters. Throws Error where the reply is not 200
/// or breaks off.
StreamedCompletion stream_completion(std::uint16_t port, const std::vector<std::int64_t>& prompt,
                                     std::int64_t tokens);

}  // namespace hadal::bench
