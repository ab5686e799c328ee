#pragma once

#include "hadal/draf/server/http/exchange.h"
#include "hadal/draf/server/http/head_parser.h"
#include "hadal/draf/server/service.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace hadal::draf::server {

class Connection;

/// The connections that there are, and what they share. Any thread may use it.
class Connections {
 public:
  Connections(Service& service, const ServerOptions& options)
      : service(service), options(options) {}

  void add(const std::shared_ptr<Connection>& connection);
  void remove(Connection* connection);
  /// Calls `action` with each of them.
  void for_each(const std::function<void(Connection&)>& action);
  /// Takes room for a body; false where bodies have all the room that they may.
  bool take_room(std::size_t bytes);
  void give_room(std::size_t bytes) { body_bytes_ -= bytes; }

  Service& service;
  const ServerOptions& options;
  std::atomic<std::int64_t> busy{0};  ///< connections whose request has no whole reply yet

 private:
  std::mutex mutex_;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> all_;
  std::atomic<std::size_t> body_bytes_{0};
};

/// One client: reads a request, hands it to the service, writes the reply, and so on. It reads at
/// all times, so that it knows at once when the client leaves. All members but post(), expired()
/// and the constructor run in the socket's strand.
class Connection final : public Exchange, public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(std::shared_ptr<boost::asio::io_context> io, boost::asio::ip::tcp::socket socket,
             Connections& connections);
  ~Connection() override;

  void begin();
  /// Ends what may end at once: a connection that waits for a request.
  void close_if_idle();
  /// Ends it after an error reply, where one is due.
  void shut_down();
  void close();
  /// Whether a deadline has passed; then on_expiry() is due. Any thread may ask.
  bool expired(Clock::time_point now) const { return now.time_since_epoch().count() >= expires_; }
  void on_expiry();

  void post(std::function<void()> task) override;
  bool is_open() const override { return state_ == State::handling || state_ == State::streaming; }
  void on_abort(std::function<void(Abort)> handler) override { abort_ = std::move(handler); }
  void reply(HttpReply reply) override;
  void begin_stream() override;
  void write(std::string_view text) override;
  void end_stream() override;

 private:
  enum class State {
    idle,  ///< before a request's first byte
    head,  ///< in a request's line and fields
    body,
    handling,   ///< the service has the request
    streaming,  ///< a part of the reply is given
    flushing,   ///< all of the reply is given, and not all is written
    lingering,  ///< all is written; waits for the client to have read it
    closed,
  };

  // Reading: connection.cpp.
  void await_request(double seconds);
  void read();
  void on_read(bool failed, std::size_t bytes);
  void on_input();
  /// Goes on with what has been read, and returns where more is needed.
  void advance();
  bool advance_head();
  void begin_body();
  void dispatch();
  void on_leave();
  void abort(Abort reason);
  /// Replies with an error to a request that is not whole, and ends the connection.
  void refuse(const ApiError& error);

  // Writing: connection_write.cpp.
  void send(std::string_view text);
  void flush();
  void on_written(bool failed);
  void finish_reply();
  void on_reply_written();
  void linger();
  std::string_view label() const;

  void set_deadline(double seconds);
  void set_write_deadline(std::optional<double> seconds);
  void update_expiry();

  static constexpr std::size_t kChunk = std::size_t{16} << 10;

  std::shared_ptr<boost::asio::io_context> io_;  // outlives the rest, whoever lets go last
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::ip::tcp::socket socket_;
  Connections& connections_;
  State state_ = State::idle;
  std::array<char, kChunk> chunk_;
  std::string input_;  ///< read, and not yet looked at
  std::optional<HeadParser> parser_;
  ParsedHead request_;
  std::string body_;
  std::size_t body_missing_ = 0;
  std::size_t body_room_ = 0;  ///< taken of all bodies' room
  bool busy_ = false;
  bool keep_alive_ = false;
  std::size_t discarded_ = 0;
  std::function<void(Abort)> abort_;
  std::string pending_;  ///< to write after `writing_`
  std::string writing_;
  bool is_writing_ = false;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point write_deadline_ = Clock::time_point::max();
  std::atomic<Clock::rep> expires_{Clock::time_point::max().time_since_epoch().count()};
};

}  // namespace hadal::draf::server
