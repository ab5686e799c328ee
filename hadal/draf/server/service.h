#pragma once

#include "hadal/draf/engine/engine.h"
#include "hadal/draf/server/api/call.h"
#include "hadal/draf/server/generation.h"
#include "hadal/draf/server/http/exchange.h"
#include "hadal/draf/server/http/keys.h"
#include "hadal/draf/server/metrics.h"
#include "hadal/draf/server/options.h"
#include "hadal/draf/server/served_model.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace hadal::draf::server {

/// What the server does with a request, whatever it came by.
class Service {
 public:
  /// Runs a task that may take long in another thread.
  using Defer = std::function<void(std::function<void()>)>;

  Service(Engine& engine, ServedModel model, const ServerOptions& options, Defer defer);

  /// Refuses what can be refused before the body is read. Throws ApiError.
  void admit(const RequestHead& head) const;
  /// Replies to an admitted request, now or later.
  void handle(const RequestHead& head, std::string body, const std::shared_ptr<Exchange>& exchange);

  /// From now on, requests are refused (503).
  void begin_drain() { draining_ = true; }
  bool draining() const { return draining_; }
  Metrics& metrics() { return metrics_; }

  /// The path as metrics name it: one of a fixed set.
  static std::string_view label(std::string_view path);

 private:
  HttpReply look_up(std::string_view path) const;
  HttpReply health() const;
  /// What takes a body: reads it in another thread, and goes on.
  void read_call(const std::string& path, std::string body,
                 const std::shared_ptr<Exchange>& exchange);
  void check_host(const std::string& host) const;

  Engine& engine_;
  ServedModel model_;
  ServerOptions options_;
  Defer defer_;
  KeyRing keys_;
  std::int64_t created_;
  Metrics metrics_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> engine_failed_{false};
};

}  // namespace hadal::draf::server
