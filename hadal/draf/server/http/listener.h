#pragma once

#include "hadal/draf/server/http/connection.h"

#include <cstdint>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

namespace hadal::draf::server {

/// Takes connections, and watches their deadlines.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// Listens where the options say. Throws IoError, and InvalidArgument for what is no address.
  Listener(std::shared_ptr<boost::asio::io_context> io, Connections& connections);
  void begin();
  /// Soon ends all connections and takes no more. Any thread may call.
  void stop();
  std::uint16_t port() const { return port_; }

 private:
  void accept();
  void take(boost::asio::ip::tcp::socket socket);
  /// Waits before it accepts again, where the system has no descriptor left, say.
  void pause();
  void watch();

  std::shared_ptr<boost::asio::io_context> io_;
  Connections& connections_;
  boost::asio::strand<boost::asio::io_context::executor_type> strand_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer watch_timer_;
  boost::asio::steady_timer pause_timer_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

}  // namespace hadal::draf::server
