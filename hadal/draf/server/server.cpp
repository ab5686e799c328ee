#include "hadal/draf/server/server.h"

#include "hadal/core/error.h"
#include "hadal/core/interrupt.h"
#include "hadal/core/log.h"
#include "hadal/draf/server/http/listener.h"
#include "hadal/draf/server/service.h"

#include <chrono>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace hadal::draf {
namespace {

namespace asio = boost::asio;

/// Threads that read bodies, turn texts into ids and run templates.
constexpr std::size_t kReaders = 2;

const ServerOptions& checked(const ServerOptions& options) {
  check(options);
  return options;
}

}  // namespace

class Server::Impl {
 public:
  Impl(Engine& engine, ServedModel model, const ServerOptions& options)
      : options_(checked(options)),
        service_(engine, std::move(model), options_,
                 [this](std::function<void()> task) { asio::post(readers_, std::move(task)); }),
        connections_(service_, options_),
        io_(std::make_shared<asio::io_context>(options_.io_threads)),
        work_(asio::make_work_guard(*io_)),
        listener_(std::make_shared<server::Listener>(io_, connections_)) {
    listener_->begin();
    for (int i = 0; i < options_.io_threads; ++i) {
      threads_.emplace_back([this] { serve(); });
    }
  }

  ~Impl() {
    service_.begin_drain();
    listener_->stop();
    readers_.join();
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
  }

  bool drain(double seconds) {
    service_.begin_drain();
    for_each([](server::Connection& connection) { connection.close_if_idle(); });
    if (wait_until_idle(seconds)) return true;
    for_each([](server::Connection& connection) { connection.shut_down(); });
    constexpr double kToWrite = 2;
    wait_until_idle(kToWrite);
    return false;
  }

  std::uint16_t port() const { return listener_->port(); }

  std::string url() const {
    const bool is_v6 = options_.host.find(':') != std::string::npos;
    return concat("http://", is_v6 ? "[" : "", options_.host, is_v6 ? "]:" : ":", port());
  }

 private:
  void serve() {
    while (true) {
      try {
        io_->run();
        return;
      } catch (const std::exception& error) {
        // No room for one client's bytes, say. The others are served on.
        log(LogLevel::error, concat("serving a request failed: ", error.what()));
      }
    }
  }

  /// Runs `action` on each connection, in its strand.
  void for_each(void (*action)(server::Connection&)) {
    connections_.for_each([action](server::Connection& connection) {
      connection.post([self = connection.shared_from_this(), action] { action(*self); });
    });
  }

  bool wait_until_idle(double seconds) const {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (connections_.busy > 0) {
      if (Clock::now() >= end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }

  ServerOptions options_;
  asio::thread_pool readers_{kReaders};
  server::Service service_;
  server::Connections connections_;
  std::shared_ptr<asio::io_context> io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::shared_ptr<server::Listener> listener_;
  std::vector<std::thread> threads_;
};

Server::Server(Engine& engine, ServedModel model, const ServerOptions& options)
    : impl_(std::make_unique<Impl>(engine, std::move(model), options)) {}
Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->port(); }
std::string Server::url() const { return impl_->url(); }
bool Server::run(double drain_seconds) {
  while (!interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return drain(drain_seconds);
}
bool Server::drain(double seconds) { return impl_->drain(seconds); }

}  // namespace hadal::draf
