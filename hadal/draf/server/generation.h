#pragma once

#include "hadal/draf/engine/engine.h"
#include "hadal/draf/server/api/call.h"
#include "hadal/draf/server/api/error.h"
#include "hadal/draf/server/api/wording.h"
#include "hadal/draf/server/http/exchange.h"
#include "hadal/draf/server/metrics.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace hadal::draf::server {

/// What generations share. Outlives them.
struct GenerationContext {
  Engine& engine;
  const ServedModel& model;
  Metrics& metrics;
  std::atomic<bool>& engine_failed;  ///< by the latest that was seen of it
};

/// One call's way through the engine: its requests go in, and what comes out becomes the reply.
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  Generation(GenerationContext context, Call call, std::shared_ptr<Exchange> exchange);
  /// Submits the requests. To be called in one of the exchange's tasks.
  void start();

 private:
  using Clock = std::chrono::steady_clock;
  struct Progress {
    WholeChoice whole;
    Clock::time_point last;  ///< when its latest token came
    bool begun = false;
    bool ended = false;
    std::int64_t cached = 0;
  };

  /// Whether all requests are in the engine; else the reply has been given.
  bool submit_all();
  Engine::Sink sink_of(std::size_t choice);
  void take(std::size_t choice, Output output);
  void measure(Progress& progress, std::size_t tokens);
  void give(std::size_t choice, Output output);
  void abort(Abort reason);
  void fail(const ApiError& error);
  void finish();
  /// Ends the requests that run, and heeds nothing that comes of them.
  void cancel_all();
  Usage usage() const;

  GenerationContext context_;
  Call call_;  ///< its requests are moved into the engine
  std::shared_ptr<Exchange> exchange_;
  Wording wording_;
  Clock::time_point begin_ = Clock::now();
  std::vector<Engine::Id> ids_;
  std::vector<Progress> choices_;
  std::size_t ended_ = 0;
  std::int64_t tokens_ = 0;
  bool streaming_ = false;
  bool done_ = false;
};

}  // namespace hadal::draf::server
