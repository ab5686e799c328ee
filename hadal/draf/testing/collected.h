#pragma once

#include "hadal/draf/engine/create.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace hadal::draf::testing {

/// All that a request gave out.
struct Whole {
  std::vector<std::int64_t> ids = {};
  std::vector<GeneratedToken> tokens = {};
  std::string text = {};
  FinishReason finish = FinishReason::cancelled;
  std::string error = {};
  std::int64_t cached_tokens = 0;
  int parts = 0;
};

/// A sink that collects, for a test to wait on.
class Collected {
 public:
  Engine::Sink sink() {
    return [state = state_](Output output) {
      const std::lock_guard lock(state->mutex);
      Whole& whole = state->whole;
      ++whole.parts;
      for (auto& token : output.tokens) {
        whole.ids.push_back(token.id);
        whole.tokens.push_back(std::move(token));
      }
      whole.text += output.text;
      whole.cached_tokens = output.cached_tokens;
      state->ended_twice = state->ended_twice || (state->ended && output.finish);
      if (output.finish) {
        whole.finish = *output.finish;
        whole.error = output.error;
        state->ended = true;
      }
      state->changed.notify_all();
    };
  }
  /// Waits for the end.
  Whole wait() {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->ended; });
    return state_->whole;
  }
  void wait_for_tokens(std::size_t count) {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->ended || state_->whole.ids.size() >= count; });
  }
  bool ended_twice() const { return state_->ended_twice; }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    Whole whole;
    bool ended = false;
    bool ended_twice = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

inline Whole generate(Engine& engine, Request request) {
  Collected collected;
  engine.submit(std::move(request), collected.sink());
  return collected.wait();
}

}  // namespace hadal::draf::testing
