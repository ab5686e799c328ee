#pragma once

#include "hadal/draf/engine/engine.h"
#include "hadal/draf/server/options.h"
#include "hadal/draf/server/served_model.h"

#include <cstdint>
#include <memory>
#include <string>

namespace hadal::draf {

/// An HTTP server with the part of OpenAI's API that concerns text, and a page for people at "/".
/// It serves in threads of its own from construction on.
class Server {
 public:
  /// Throws InvalidArgument where check() does, and IoError where it cannot listen. `engine` must
  /// outlive the server.
  Server(Engine& engine, ServedModel model, const ServerOptions& options);
  /// Ends all connections and cancels their requests.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  std::string url() const;  ///< "http://127.0.0.1:8000"

  /// Ends in good order: begins no more requests (503, as /health says too) and waits until those
  /// that run have ended, at most `seconds`; what is left then is cancelled, and its streams get an
  /// error event. Whether all ended by themselves.
  bool drain(double seconds);
  /// Serves until interrupted() (hadal/core/interrupt.h), and drains: as drain().
  bool run(double drain_seconds);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hadal::draf
