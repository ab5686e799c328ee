#include "hadal/draf/server/generation.h"

#include "hadal/draf/server/api/sse.h"
#include "hadal/draf/server/random_id.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace hadal::draf::server {
namespace {

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

double seconds_of(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

ApiError queue_is_full(const QueueFull& error) {
  constexpr double kLongest = 3600;
  const double seconds = std::clamp(std::ceil(error.retry_after_seconds()), 1.0, kLongest);
  return ApiError(error.what(), {.status = 429,
                                 .type = "rate_limit_error",
                                 .code = "queue_full",
                                 .retry_after = static_cast<int>(seconds)});
}

}  // namespace

Generation::Generation(GenerationContext context, Call call, std::shared_ptr<Exchange> exchange)
    : context_(context),
      call_(std::move(call)),
      exchange_(std::move(exchange)),
      wording_(call_, context_.model, random_id(), unix_seconds()),
      choices_(call_.requests.size()) {}

void Generation::start() {
  if (!exchange_->is_open()) return;
  if (!submit_all()) return;
  exchange_->on_abort([weak = weak_from_this()](Abort reason) {
    if (const auto self = weak.lock()) self->abort(reason);
  });
  if (!call_.stream) return;
  streaming_ = true;
  exchange_->begin_stream();
  for (std::size_t i = 0; i < choices_.size() && !done_; ++i) {
    const std::string opening = wording_.opening(i);
    if (!opening.empty()) exchange_->write(sse_event(opening));
  }
}

bool Generation::submit_all() {
  try {
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      ids_.push_back(context_.engine.submit(std::move(call_.requests[i]), sink_of(i)));
    }
    return true;
  } catch (const QueueFull& error) {
    fail(queue_is_full(error));
  } catch (const InvalidArgument& error) {
    fail(ApiError(error.what(), {}));
  } catch (const std::exception& error) {
    context_.engine_failed = true;
    fail(engine_failed(error.what()));
  }
  return false;
}

Engine::Sink Generation::sink_of(std::size_t choice) {
  return [self = shared_from_this(), choice](Output output) {
    self->exchange_->post([self, choice, output = std::move(output)]() mutable {
      self->take(choice, std::move(output));
    });
  };
}

void Generation::take(std::size_t choice, Output output) {
  Progress& progress = choices_[choice];
  if (done_ || progress.ended) return;
  if (output.finish == FinishReason::error) {
    context_.engine_failed = true;
    return fail(engine_failed(output.error));
  }
  if (output.finish == FinishReason::cancelled) return fail(shutting_down());
  measure(progress, output.tokens.size());
  progress.cached = std::max(progress.cached, output.cached_tokens);
  tokens_ += static_cast<std::int64_t>(output.tokens.size());
  const bool ends = output.finish.has_value();
  give(choice, std::move(output));
  if (!ends || done_) return;
  progress.ended = true;
  if (++ended_ == choices_.size()) finish();
}

void Generation::measure(Progress& progress, std::size_t tokens) {
  if (tokens == 0) return;
  const auto now = Clock::now();
  if (!progress.begun) {
    context_.metrics.first_token.add(seconds_of(now - begin_));
    progress.begun = true;
  } else {
    const auto count = static_cast<std::int64_t>(tokens);
    context_.metrics.next_token.add(seconds_of(now - progress.last) / static_cast<double>(tokens),
                                    count);
  }
  progress.last = now;
}

void Generation::give(std::size_t choice, Output output) {
  if (streaming_) {
    const std::string part = wording_.part(choice, output);
    if (!part.empty()) exchange_->write(sse_event(part));
    return;
  }
  WholeChoice& whole = choices_[choice].whole;
  whole.text += output.text;
  if (call_.logprobs) std::ranges::move(output.tokens, std::back_inserter(whole.tokens));
  if (output.finish) whole.finish = *output.finish;
}

void Generation::abort(Abort reason) {
  if (done_) return;
  if (reason == Abort::gone) return cancel_all();
  fail(reason == Abort::timeout ? took_too_long() : shutting_down());
}

void Generation::fail(const ApiError& error) {
  cancel_all();
  if (!exchange_->is_open()) return;
  if (!streaming_) return exchange_->reply(reply_of(error));
  exchange_->write(sse_event(error.json()));
  if (exchange_->is_open()) exchange_->end_stream();
}

void Generation::cancel_all() {
  done_ = true;
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    if (choices_[i].ended) continue;
    context_.engine.cancel(ids_[i]);
    ++context_.metrics.cancelled;
  }
}

Usage Generation::usage() const {
  Usage usage{.prompt_tokens = call_.prompt_tokens, .completion_tokens = tokens_};
  const auto step = static_cast<std::size_t>(call_.choices_per_prompt);
  for (std::size_t i = 0; i < choices_.size(); i += step) usage.cached_tokens += choices_[i].cached;
  return usage;
}

void Generation::finish() {
  done_ = true;
  context_.engine_failed = false;
  context_.metrics.request.add(seconds_of(Clock::now() - begin_));
  if (!streaming_) {
    std::vector<WholeChoice> wholes;
    for (Progress& progress : choices_) wholes.push_back(std::move(progress.whole));
    return exchange_->reply({.body = wording_.whole(wholes, usage())});
  }
  if (call_.include_usage) exchange_->write(sse_event(wording_.usage_part(usage())));
  if (exchange_->is_open()) exchange_->write(sse_event(kSseDone));
  if (exchange_->is_open()) exchange_->end_stream();
}

}  // namespace hadal::draf::server
