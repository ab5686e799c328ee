#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace hadal {

enum class LogLevel { debug, info, warning, error, off };

/// Receives each message at or above the level. May be called from any thread, one call at a time.
/// What it logs itself goes to standard error; it may not replace the sink.
using LogSink = std::function<void(LogLevel, std::string_view message)>;

/// Messages below `level` are dropped. Starts at HADAL_LOG (debug, info, warning, error, off), or
/// at warning where it is unset.
void set_log_level(LogLevel level);
LogLevel log_level();
/// Replaces the sink; an empty one restores the default, which writes lines to standard error.
void set_log_sink(LogSink sink);

/// Sends `message` to the sink, or to standard error where the sink throws.
void log(LogLevel level, std::string_view message);

/// Parses a level's name. Throws InvalidArgument, listing the names.
LogLevel parse_log_level(std::string_view name);

}  // namespace hadal
