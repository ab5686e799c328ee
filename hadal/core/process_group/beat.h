#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// What a process tells the others of itself, again and again.
struct Beat {
  enum class State : char {
    running = 'r',
    left = 'l',    ///< it has dropped its group: its program ended, or threw
    failed = 'f',  ///< a collective failed there; `blamed` and `text` say why
  };
  State state = State::running;
  std::chrono::milliseconds uptime{0};       ///< since all had joined
  std::vector<std::uint64_t> finished = {};  ///< collectives, for each channel
  std::vector<int> blamed = {};              ///< ranks
  std::string text;                          ///< of the last collective begun, or why it failed
};

/// Where in the job's store the beat of `rank` is.
std::string beat_key(int rank);
/// One line for the store, and back. Throws FormatError where `text` is none.
std::string to_text(const Beat& beat);
Beat parse_beat(std::string_view text);

}  // namespace hadal
