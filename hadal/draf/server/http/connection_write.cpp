#include "hadal/draf/server/api/error.h"
#include "hadal/draf/server/http/connection.h"
#include "hadal/draf/server/random_id.h"

#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

namespace hadal::draf::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace

std::string_view Connection::label() const { return Service::label(request_.head.path); }

void Connection::reply(HttpReply reply) {
  if (!is_open()) return;
  connections_.service.metrics().count_reply(label(), reply.status);
  keep_alive_ = keep_alive_ && !connections_.service.draining();
  send(head_of(reply, Framing::length, keep_alive_, random_id()));
  if (request_.head.method != "HEAD") send(reply.body);
  finish_reply();
}

void Connection::begin_stream() {
  if (state_ != State::handling) return;
  connections_.service.metrics().count_reply(label(), 200);
  keep_alive_ = keep_alive_ && request_.can_chunk && !connections_.service.draining();
  state_ = State::streaming;
  send(head_of({.content_type = "text/event-stream; charset=utf-8",
                .headers = {{"X-Accel-Buffering", "no"}}},
               request_.can_chunk ? Framing::chunked : Framing::close, keep_alive_, random_id()));
}

void Connection::write(std::string_view text) {
  if (state_ != State::streaming) return;
  send(request_.can_chunk ? http_chunk(text) : std::string(text));
  if (pending_.size() + writing_.size() > connections_.options.max_output_bytes) {
    abort(Abort::gone);
  }
}

void Connection::end_stream() {
  if (state_ != State::streaming) return;
  if (request_.can_chunk) send(kLastHttpChunk);
  finish_reply();
}

void Connection::finish_reply() {
  state_ = State::flushing;
  abort_ = nullptr;
  connections_.give_room(std::exchange(body_room_, 0));
  deadline_ = Clock::time_point::max();
  update_expiry();
  flush();
}

void Connection::send(std::string_view text) {
  pending_ += text;
  if (state_ == State::streaming || state_ == State::body) flush();
}

void Connection::flush() {
  if (is_writing_ || pending_.empty()) return;
  is_writing_ = true;
  writing_ = std::exchange(pending_, {});
  set_write_deadline(connections_.options.write_seconds);
  asio::async_write(socket_, asio::buffer(writing_),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      self->on_written(error.failed());
                    });
}

void Connection::on_written(bool failed) {
  is_writing_ = false;
  writing_.clear();
  if (state_ == State::closed) return;
  if (failed) {
    abort(Abort::gone);
    return close();
  }
  set_write_deadline(std::nullopt);
  if (!pending_.empty()) return flush();
  if (state_ == State::flushing) on_reply_written();
}

void Connection::on_reply_written() {
  if (std::exchange(busy_, false)) --connections_.busy;
  if (!keep_alive_) return linger();
  await_request(connections_.options.idle_seconds);
  on_input();  // the next request may be there already
}

void Connection::linger() {
  constexpr double kSeconds = 2;
  state_ = State::lingering;
  input_.clear();
  error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) return close();
  set_deadline(kSeconds);
}

void Connection::set_deadline(double seconds) {
  deadline_ = Clock::now() +
              std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  update_expiry();
}

void Connection::set_write_deadline(std::optional<double> seconds) {
  write_deadline_ = seconds ? Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                 std::chrono::duration<double>(*seconds))
                            : Clock::time_point::max();
  update_expiry();
}

void Connection::update_expiry() {
  expires_ = std::min(deadline_, write_deadline_).time_since_epoch().count();
}

}  // namespace hadal::draf::server
