#pragma once

#include "hadal/draf/engine/engine.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hadal::draf::server {

/// Durations by their length. Any thread may add to it.
class Histogram {
 public:
  /// `bounds` are the buckets' upper ones, ascending, in seconds, of static storage.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds) {}
  void add(double seconds, std::int64_t times = 1);
  /// In Prometheus' text format.
  std::string text(std::string_view name, std::string_view help) const;

 private:
  static constexpr std::size_t kMostBounds = 16;
  std::span<const double> bounds_;
  std::array<std::atomic<std::int64_t>, kMostBounds + 1> counts_{};
  std::atomic<double> sum_{0};
};

/// What a server counts. Any thread may.
class Metrics {
 public:
  Metrics();
  /// A reply, by its path, one of a fixed set, and its status.
  void count_reply(std::string_view path, int status);

  Histogram first_token;  ///< from a request's submission to its first token
  Histogram next_token;   ///< from a token to the next, of one choice
  Histogram request;      ///< from a request's submission to its reply's end
  std::atomic<std::int64_t> cancelled{0};
  std::atomic<std::int64_t> connections{0};

  /// In Prometheus' text format, version 0.0.4.
  std::string text(const EngineFigures& engine) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::int64_t> replies_;
};

/// The figures that the page shows, as JSON.
std::string figures_json(const EngineFigures& engine, const Metrics& metrics,
                         std::string_view model);

}  // namespace hadal::draf::server
