#include "hadal/draf/server/metrics.h"

#include "hadal/core/error.h"
#include "hadal/draf/server/api/json.h"

#include <algorithm>

namespace hadal::draf::server {
namespace {

constexpr std::array kTokenBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                     0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
constexpr std::array kRequestBounds = {0.01, 0.05, 0.1,  0.25, 0.5,   1.0,
                                       2.5,  5.0,  10.0, 30.0, 120.0, 600.0};

std::string head(std::string_view name, std::string_view type, std::string_view help) {
  return concat("# HELP ", name, ' ', help, "\n# TYPE ", name, ' ', type, '\n');
}

template <class Value>
std::string sample(std::string_view name, std::string_view type, std::string_view help,
                   Value value) {
  return concat(head(name, type, help), name, ' ', value, '\n');
}

/// How much the ranks of an engine say to each other, and what of it computation hides.
std::string communication_text(const EngineFigures& engine) {
  const auto samples = [&](const char* name, const char* type, const char* help, auto member) {
    return concat(head(name, type, help), name, "{kind=\"sums\"} ", member(engine.sums), '\n', name,
                  "{kind=\"sends\"} ", member(engine.sends), '\n');
  };
  return samples("hadal_communication_bytes_total", "counter",
                 "Bytes that rank 0 gave to sums in its stage, and sent to the next.",
                 [](const Traffic& traffic) { return traffic.bytes; }) +
         samples("hadal_communication_seconds_total", "counter",
                 "While at least one of them was on its way.",
                 [](const Traffic& traffic) { return traffic.seconds; }) +
         samples("hadal_communication_waited_seconds_total", "counter",
                 "How long rank 0 waited for them.",
                 [](const Traffic& traffic) { return traffic.waited; }) +
         samples("hadal_communication_hidden_ratio", "gauge",
                 "Share of the seconds in which rank 0 did something else.",
                 [](const Traffic& traffic) { return traffic.hidden(); });
}

std::string engine_text(const EngineFigures& engine) {
  return sample("hadal_requests_waiting", "gauge", "Requests that have not begun.",
                engine.waiting) +
         sample("hadal_requests_running", "gauge", "Requests that generate.", engine.running) +
         sample("hadal_cache_pages", "gauge", "Pages of the KV cache.", engine.pages) +
         sample("hadal_cache_pages_free", "gauge", "Pages of the KV cache that are free.",
                engine.free_pages) +
         sample("hadal_prompt_tokens_total", "counter", "Tokens of prompts that were computed.",
                engine.prompt_tokens) +
         sample("hadal_cached_tokens_total", "counter",
                "Tokens of prompts whose keys and values were in the cache.",
                engine.cached_tokens) +
         sample("hadal_generated_tokens_total", "counter", "Tokens generated.",
                engine.generated_tokens) +
         sample("hadal_preemptions_total", "counter",
                "Requests that lost their pages and were computed again.", engine.preemptions) +
         sample("hadal_steps_total", "counter", "Passes over the model.", engine.steps) +
         sample("hadal_attention_kept_ratio", "gauge",
                "Share of the pairs of a query and a key that attention looked at.", engine.kept) +
         communication_text(engine);
}

}  // namespace

void Histogram::add(double seconds, std::int64_t times) {
  const auto bucket = std::ranges::lower_bound(bounds_, seconds) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(times, std::memory_order_relaxed);
  sum_.fetch_add(seconds * static_cast<double>(times), std::memory_order_relaxed);
}

std::string Histogram::text(std::string_view name, std::string_view help) const {
  std::string text = head(name, "histogram", help);
  std::int64_t count = 0;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    count += counts_[i];
    const std::string bound = i < bounds_.size() ? concat(bounds_[i]) : "+Inf";
    text += concat(name, "_bucket{le=\"", bound, "\"} ", count, '\n');
  }
  return text + concat(name, "_sum ", Json(sum_.load()).dump(), '\n', name, "_count ", count, '\n');
}

Metrics::Metrics() : first_token(kTokenBounds), next_token(kTokenBounds), request(kRequestBounds) {
  static_assert(kTokenBounds.size() <= 16 && kRequestBounds.size() <= 16);
}

void Metrics::count_reply(std::string_view path, int status) {
  const std::lock_guard lock(mutex_);
  ++replies_[{std::string(path), status}];
}

std::string Metrics::text(const EngineFigures& engine) const {
  std::string text = head("hadal_http_replies_total", "counter", "Replies by path and status.");
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, count] : replies_) {
      text += concat("hadal_http_replies_total{path=\"", key.first, "\",status=\"", key.second,
                     "\"} ", count, '\n');
    }
  }
  return text + sample("hadal_http_connections", "gauge", "Open connections.", connections.load()) +
         sample("hadal_requests_cancelled_total", "counter",
                "Requests whose client left, or that took too long.", cancelled.load()) +
         first_token.text("hadal_time_to_first_token_seconds",
                          "From a request's submission to its first token.") +
         next_token.text("hadal_inter_token_seconds", "From one token of a choice to the next.") +
         request.text("hadal_request_seconds", "From a request's submission to its reply's end.") +
         engine_text(engine);
}

std::string figures_json(const EngineFigures& engine, const Metrics& metrics,
                         std::string_view model) {
  return dump({{"model", model},
               {"waiting", engine.waiting},
               {"running", engine.running},
               {"pages", engine.pages},
               {"free_pages", engine.free_pages},
               {"prompt_tokens", engine.prompt_tokens},
               {"cached_tokens", engine.cached_tokens},
               {"generated_tokens", engine.generated_tokens},
               {"kept", engine.kept},
               {"hidden_sums", engine.sums.hidden()},
               {"hidden_sends", engine.sends.hidden()},
               {"connections", metrics.connections.load()}});
}

}  // namespace hadal::draf::server
