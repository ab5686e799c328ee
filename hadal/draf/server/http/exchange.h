#pragma once

#include "hadal/draf/server/http/message.h"

#include <functional>
#include <string_view>

namespace hadal::draf::server {

/// Why a request must end before its reply.
enum class Abort {
  gone,      ///< the client left, or read too slowly: nothing reaches it any more
  timeout,   ///< the request took too long
  shutdown,  ///< the server ends
};

/// The place for one request's reply. All but post() may be called only in tasks that post() runs,
/// and in what the exchange calls.
class Exchange {
 public:
  virtual ~Exchange() = default;

  /// Runs `task` soon; tasks run one after another, in order. May be called from any thread.
  virtual void post(std::function<void()> task) = 0;

  /// Whether a reply can still be given.
  virtual bool is_open() const = 0;
  /// What to call, once, where the request must end; it is never called after the reply's end.
  virtual void on_abort(std::function<void(Abort)> handler) = 0;

  /// The whole reply.
  virtual void reply(HttpReply reply) = 0;
  /// Begins a text/event-stream, to which write() adds. What a reader does not take is kept up to a
  /// limit; beyond it, the client counts as gone.
  virtual void begin_stream() = 0;
  virtual void write(std::string_view text) = 0;
  virtual void end_stream() = 0;
};

}  // namespace hadal::draf::server
