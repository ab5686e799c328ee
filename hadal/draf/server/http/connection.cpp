#include "hadal/draf/server/http/connection.h"

#include <algorithm>
#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

namespace hadal::draf::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// What a client may send while it has no reply to what it sent before.
constexpr std::size_t kMaxPipelinedBytes = std::size_t{16} << 10;
/// What is read and thrown away of a request that has been refused, so that the client sees why.
constexpr std::size_t kMaxDiscardedBytes = std::size_t{8} << 20;

}  // namespace

Connection::Connection(std::shared_ptr<asio::io_context> io, asio::ip::tcp::socket socket,
                       Connections& connections)
    : io_(std::move(io)),
      work_(asio::make_work_guard(*io_)),
      socket_(std::move(socket)),
      connections_(connections) {
  ++connections_.service.metrics().connections;
}

Connection::~Connection() {
  connections_.remove(this);
  if (state_ != State::closed) --connections_.service.metrics().connections;
}

void Connection::begin() {
  // A reader that takes nothing should fill the bounded buffer here, not megabytes in the kernel.
  constexpr int kSendBuffer = 128 << 10;
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.set_option(asio::socket_base::send_buffer_size(kSendBuffer), ignored);
  await_request(connections_.options.header_seconds);
  read();
}

void Connection::await_request(double seconds) {
  state_ = State::idle;
  parser_.emplace(connections_.options.max_header_bytes);
  request_ = {};
  body_.clear();
  body_.shrink_to_fit();
  set_deadline(seconds);
}

void Connection::read() {
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const error_code& error, std::size_t bytes) {
                            self->on_read(error.failed(), bytes);
                          });
}

void Connection::on_read(bool failed, std::size_t bytes) {
  if (state_ == State::closed) return;
  if (failed) return on_leave();
  if (state_ == State::lingering) {
    discarded_ += bytes;
    if (discarded_ > kMaxDiscardedBytes) return close();
    return read();
  }
  input_.append(chunk_.data(), bytes);
  on_input();
  if (state_ != State::closed) read();
}

void Connection::on_input() {
  advance();
  const bool has_reply = state_ == State::idle || state_ == State::head || state_ == State::body;
  if (has_reply || input_.size() <= kMaxPipelinedBytes) return;
  if (keep_alive_ || is_open()) {
    abort(Abort::gone);
    return close();
  }
  input_.clear();  // the rest of a request that is refused
}

void Connection::advance() {
  if (state_ == State::idle && !input_.empty()) {
    state_ = State::head;
    set_deadline(connections_.options.header_seconds);
  }
  if (state_ == State::head && !advance_head()) return;
  if (state_ != State::body) return;
  const std::size_t taken = std::min(body_missing_, input_.size());
  body_.append(input_, 0, taken);
  input_.erase(0, taken);
  body_missing_ -= taken;
  if (body_missing_ == 0) dispatch();
}

bool Connection::advance_head() {
  keep_alive_ = false;
  try {
    auto parsed = parser_->put(input_);
    if (!parsed) return false;
    request_ = std::move(*parsed);
    const auto& head = request_.head;
    const bool has_body = head.chunked || head.content_length.value_or(0) > 0;
    // What is refused without its body leaves a connection of which nobody knows where the next
    // request begins.
    keep_alive_ = request_.keep_alive && !has_body;
    connections_.service.admit(head);
    keep_alive_ = request_.keep_alive;
    begin_body();
    return true;
  } catch (const ApiError& error) {
    refuse(error);
    return false;
  }
}

void Connection::begin_body() {
  state_ = State::body;
  body_missing_ = static_cast<std::size_t>(request_.head.content_length.value_or(0));
  if (body_missing_ > 0) {
    if (!connections_.take_room(body_missing_)) {
      keep_alive_ = false;
      throw ApiError("the server is reading as many bytes of requests as it may",
                     {.status = 503, .type = "service_unavailable_error", .retry_after = 1});
    }
    body_room_ = body_missing_;
    if (request_.expects_continue) send("HTTP/1.1 100 Continue\r\n\r\n");
  }
  set_deadline(connections_.options.body_seconds);
}

void Connection::dispatch() {
  state_ = State::handling;
  busy_ = true;
  ++connections_.busy;
  set_deadline(connections_.options.request_seconds);
  connections_.service.handle(request_.head, std::move(body_), shared_from_this());
  body_ = {};
}

void Connection::refuse(const ApiError& error) {
  state_ = State::handling;
  busy_ = true;
  ++connections_.busy;
  reply(reply_of(error));
}

void Connection::on_leave() {
  // A client that has sent all that it wants may close its side before it has read the reply.
  if (state_ == State::flushing && is_writing_) {
    keep_alive_ = false;
    return;
  }
  abort(Abort::gone);
  close();
}

void Connection::abort(Abort reason) {
  if (!is_open()) return;
  if (reason != Abort::gone) keep_alive_ = false;
  const auto handler = std::exchange(abort_, nullptr);
  if (reason == Abort::gone) {
    close();  // what the handler says reaches nobody
    if (handler) handler(reason);
  } else if (handler) {
    handler(reason);
  } else {
    reply(reply_of(reason == Abort::timeout ? took_too_long() : shutting_down()));
  }
}

void Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  abort_ = nullptr;
  if (busy_) --connections_.busy;
  busy_ = false;
  connections_.give_room(std::exchange(body_room_, 0));
  --connections_.service.metrics().connections;
  error_code ignored;
  socket_.close(ignored);
  deadline_ = write_deadline_ = Clock::time_point::max();
  update_expiry();
}

void Connection::close_if_idle() {
  if (state_ == State::idle) close();
}

void Connection::shut_down() {
  keep_alive_ = false;
  if (is_open()) return abort(Abort::shutdown);
  if (state_ != State::flushing && state_ != State::lingering) close();
}

void Connection::on_expiry() {
  const auto now = Clock::now();
  if (now >= write_deadline_) {
    abort(Abort::gone);
    return close();
  }
  if (now < deadline_) return;
  deadline_ = Clock::time_point::max();
  update_expiry();
  if (state_ == State::head || state_ == State::body) {
    keep_alive_ = false;
    refuse(ApiError("the request did not arrive in time", {.status = 408, .code = "timeout"}));
  } else if (is_open()) {
    abort(Abort::timeout);
  } else if (state_ != State::flushing) {
    close();
  }
}

void Connection::post(std::function<void()> task) {
  asio::post(socket_.get_executor(), std::move(task));
}

}  // namespace hadal::draf::server
