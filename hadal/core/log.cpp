#include "hadal/core/log.h"

#include "hadal/core/error.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace hadal {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"debug", "info", "warning", "error", "off"};

void write_line(LogLevel level, std::string_view message) {
  const std::string_view name = kNames[static_cast<std::size_t>(level)];
  std::fprintf(stderr, "hadal: %.*s: %.*s\n", static_cast<int>(name.size()), name.data(),
               static_cast<int>(message.size()), message.data());
}

LogLevel level_from_environment() {
  const char* value = std::getenv("HADAL_LOG");
  if (value == nullptr || *value == '\0') return LogLevel::warning;
  try {
    return parse_log_level(value);
  } catch (const InvalidArgument& error) {
    write_line(LogLevel::warning, concat("HADAL_LOG: ", error.what()));
    return LogLevel::warning;
  }
}

std::atomic<LogLevel>& level_now() {
  static std::atomic<LogLevel> level{level_from_environment()};
  return level;
}

struct Sink {
  std::mutex mutex;
  LogSink write = write_line;
};

Sink& sink() {
  static auto& instance = *new Sink;  // never destroyed: static destructors may log
  return instance;
}

thread_local bool in_sink = false;

}  // namespace

void set_log_level(LogLevel level) { level_now() = level; }

LogLevel log_level() { return level_now(); }

void set_log_sink(LogSink replacement) {
  const std::lock_guard lock(sink().mutex);
  sink().write = replacement ? std::move(replacement) : write_line;
}

void log(LogLevel level, std::string_view message) {
  if (level < log_level() || level == LogLevel::off) return;
  // A sink that logs would wait for itself.
  if (in_sink) return write_line(level, message);
  const std::lock_guard lock(sink().mutex);
  in_sink = true;
  try {
    sink().write(level, message);
  } catch (...) {
    write_line(level, message);
  }
  in_sink = false;
}

LogLevel parse_log_level(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<LogLevel>(i);
  }
  throw InvalidArgument(
      concat("unknown log level '", name, "'; expected debug, info, warning, error or off"));
}

}  // namespace hadal
