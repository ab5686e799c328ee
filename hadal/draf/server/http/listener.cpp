#include "hadal/draf/server/http/listener.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/draf/server/random_id.h"

#include <chrono>
#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

namespace hadal::draf::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint endpoint_of(const ServerOptions& options) {
  error_code error;
  const auto address =
      asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error) {
    throw InvalidArgument(concat("expected an IP address to listen on, got ", quote(options.host)),
                          "127.0.0.1 serves this machine alone, 0.0.0.0 all that reach it");
  }
  return {address, options.port};
}

void listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  acceptor.open(endpoint.protocol());
  acceptor.set_option(asio::socket_base::reuse_address(true));
  acceptor.bind(endpoint);
  acceptor.listen(asio::socket_base::max_listen_connections);
}

}  // namespace

Listener::Listener(std::shared_ptr<asio::io_context> io, Connections& connections)
    : io_(std::move(io)),
      connections_(connections),
      strand_(asio::make_strand(*io_)),
      acceptor_(strand_),
      watch_timer_(strand_),
      pause_timer_(strand_) {
  const tcp::endpoint endpoint = endpoint_of(connections_.options);
  try {
    listen(acceptor_, endpoint);
    port_ = acceptor_.local_endpoint().port();
  } catch (const boost::system::system_error& error) {
    throw IoError(concat("cannot listen on ", connections_.options.host, " port ",
                         connections_.options.port, ": ", error.code().message()),
                  "choose another with --port; 0 takes any that is free");
  }
}

void Listener::begin() {
  asio::post(strand_, [self = shared_from_this()] {
    self->accept();
    self->watch();
  });
}

void Listener::stop() {
  asio::post(strand_, [self = shared_from_this()] {
    self->stopped_ = true;
    error_code ignored;
    self->acceptor_.close(ignored);
    self->watch_timer_.cancel();
    self->pause_timer_.cancel();
    self->connections_.for_each([](Connection& connection) {
      connection.post([of = connection.shared_from_this()] {
        of->shut_down();
        of->close();
      });
    });
  });
}

void Listener::accept() {
  acceptor_.async_accept(
      asio::make_strand(*io_),
      asio::bind_executor(strand_,
                          [self = shared_from_this()](const error_code& error, tcp::socket socket) {
                            if (self->stopped_) return;
                            if (error) return self->pause();
                            self->take(std::move(socket));
                            self->accept();
                          }));
}

void Listener::take(tcp::socket socket) {
  const auto open = static_cast<std::size_t>(connections_.service.metrics().connections.load());
  if (open >= connections_.options.max_connections) {
    const HttpReply full =
        reply_of(ApiError("as many connections are open as may",
                          {.status = 503, .type = "service_unavailable_error", .retry_after = 1}));
    const std::string text = head_of(full, Framing::length, false, random_id()) + full.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    return;
  }
  const auto connection = std::make_shared<Connection>(io_, std::move(socket), connections_);
  connections_.add(connection);
  connection->post([connection] { connection->begin(); });
}

void Listener::pause() {
  pause_timer_.expires_after(std::chrono::milliseconds(100));
  pause_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && !self->stopped_) self->accept();
  });
}

void Listener::watch() {
  watch_timer_.expires_after(std::chrono::milliseconds(100));
  watch_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->stopped_) return;
    const auto now = Connection::Clock::now();
    self->connections_.for_each([now](Connection& connection) {
      if (!connection.expired(now)) return;
      connection.post([of = connection.shared_from_this()] { of->on_expiry(); });
    });
    self->watch();
  });
}

}  // namespace hadal::draf::server
