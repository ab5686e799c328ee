#pragma once

#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/tokenizer.h"
#include "hadal/draf/engine/engine.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hadal::draf::server {

/// An engine without a model, for tests: goes on with the prompt's own bytes, again and again where
/// the request ignores its end, a token a step. A prompt with "!error" in it fails at its third
/// token. Ids are those of data::ByteTokenizer.
class FakeEngine final : public Engine {
 public:
  struct Options {
    std::chrono::microseconds step{0};  ///< at least, from a token to the next
    std::size_t capacity = 4096;        ///< requests at a time
  };

  explicit FakeEngine(Options options) : options_(options), thread_([this] { run(); }) {}
  ~FakeEngine() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  Id submit(Request request, Sink sink) override {
    const std::lock_guard lock(mutex_);
    if (running_.size() >= options_.capacity) throw QueueFull("the queue is full", 1.5);
    seen_.push_back(request);
    if (seen_.size() > kMostSeen) seen_.erase(seen_.begin());
    figures_.prompt_tokens += static_cast<std::int64_t>(request.prompt.size());
    running_.emplace(++last_, Running{std::move(request), std::move(sink)});
    changed_.notify_all();
    return last_;
  }

  void cancel(Id id) override {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(id); found != running_.end()) {
      found->second.cancelled = true;
      changed_.notify_all();
    }
  }

  EngineFigures figures() const override {
    const std::lock_guard lock(mutex_);
    EngineFigures figures = figures_;
    figures.running = static_cast<std::int64_t>(running_.size());
    figures.pages = kPages;
    figures.free_pages = kPages - std::min(kPages, figures.running);
    figures.kept = 0.3;
    return figures;
  }

  /// The latest requests, oldest first.
  std::vector<Request> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  static constexpr std::int64_t kPages = 1024;
  static constexpr std::size_t kMostSeen = 64;

  struct Running {
    Request request;
    Sink sink;
    std::int64_t generated = 0;
    bool cancelled = false;
    std::string held =
        {};  ///< text that is not given yet: a part of a character, or of a stop text
  };

  void run() {
    std::unique_lock lock(mutex_);
    while (!ended_) {
      if (running_.empty()) {
        changed_.wait(lock);
        continue;
      }
      changed_.wait_for(lock, options_.step, [this] { return ended_; });
      std::vector<std::pair<Id, Output>> outputs;
      for (auto& [id, running] : running_) outputs.emplace_back(id, step(running));
      ++figures_.steps;
      for (auto& [id, output] : outputs) {
        const bool last = output.finish.has_value();
        const auto found = running_.find(id);
        found->second.sink(std::move(output));
        if (last) running_.erase(found);
      }
    }
    for (auto& [id, running] : running_) running.sink({.finish = FinishReason::cancelled});
    running_.clear();
  }

  Output step(Running& running) {
    const Request& request = running.request;
    Output output{.cached_tokens = static_cast<std::int64_t>(request.prompt.size()) / 2};
    if (running.cancelled) {
      output.finish = FinishReason::cancelled;
      return output;
    }
    const auto size = static_cast<std::int64_t>(request.prompt.size());
    const std::string prompt = data::ByteTokenizer().decode(request.prompt);
    if (running.generated == 2 && prompt.find("!error") != prompt.npos) {
      output.finish = FinishReason::error;
      output.error = "out of luck";
      return output;
    }
    const std::int64_t id = request.prompt[static_cast<std::size_t>(running.generated++ % size)];
    ++figures_.generated_tokens;
    GeneratedToken token{.id = id, .logprob = request.logprobs ? -0.5 : 0};
    for (std::int64_t i = 0; i < request.logprobs.value_or(0); ++i) {
      token.best.push_back({(id + i) % 256, -0.5 - static_cast<double>(i)});
    }
    output.tokens = {token};
    running.held += static_cast<char>(id);
    if (running.generated == size && !request.ignore_end) output.finish = FinishReason::stop;
    if (running.generated == request.max_tokens) output.finish = FinishReason::length;
    give_text(running, output);
    return output;
  }

  static void give_text(Running& running, Output& output) {
    std::size_t hold = 0;
    for (const std::string& stop : running.request.stop) {
      if (const auto at = running.held.find(stop); at != std::string::npos) {
        output.text = running.held.substr(0, at);
        output.finish = FinishReason::stop;
        return;
      }
      hold = std::max(hold, stop.size() - 1);
    }
    if (output.finish) hold = 0;
    std::size_t give = running.held.size() - std::min(hold, running.held.size());
    if (!output.finish) {
      while (give > 0 && find_invalid_utf8(std::string_view(running.held).substr(0, give))) --give;
    }
    output.text = replace_invalid_utf8(running.held.substr(0, give));
    running.held.erase(0, give);
  }

  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Id, Running> running_;
  std::vector<Request> seen_;
  EngineFigures figures_;
  Id last_ = 0;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace hadal::draf::server
