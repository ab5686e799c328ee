#include "hadal/core/process_group/heartbeat.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>

namespace hadal {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// In intervals. A beat may come late on a busy machine.
constexpr int kSilence = 5;   // without a beat, until a rank counts as silent
constexpr int kPatience = 9;  // until blame() settles for what it knows
constexpr int kFarewell = 10;

std::string seconds(milliseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(time.count()) / 1000);
  return text;
}

}  // namespace

struct Heartbeat::State {
  State(KeyStore a_store, int a_rank, int a_size, int a_host, milliseconds an_interval)
      : store(std::move(a_store)),
        rank(static_cast<std::size_t>(a_rank)),
        size(static_cast<std::size_t>(a_size)),
        host(a_host),
        interval(an_interval),
        others(size) {
    mine.text = "nothing yet";
  }

  KeyStore store;
  const std::size_t rank;
  const std::size_t size;
  const int host;
  const milliseconds interval;
  const Clock::time_point start = Clock::now();

  std::mutex mutex;
  std::condition_variable changed;
  Beat mine = {};
  std::vector<std::optional<Beat>> others;  // as last read; empty where never
  bool reading = false;                     // whether the others' beats are wanted
  bool stopping = false;
  bool ended = false;     // the thread writes no more
  std::string lost = {};  // what the store's failure says

  milliseconds uptime() const {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - start);
  }
};

namespace {

using State = Heartbeat::State;

/// Writes our beat and reads those of others where wanted; `lock` is open meanwhile.
void exchange(State& state, std::unique_lock<std::mutex>& lock) {
  state.mine.uptime = state.uptime();
  const std::string text = to_text(state.mine);
  const bool reading = state.reading;
  std::vector<std::string> keys;
  for (std::size_t rank = 0; rank < state.size; ++rank)
    keys.push_back(beat_key(static_cast<int>(rank)));
  lock.unlock();
  std::vector<std::optional<Beat>> read(state.size);
  std::string lost;
  try {
    state.store.set(beat_key(static_cast<int>(state.rank)), text);
    if (reading) {
      const auto texts = state.store.get(keys);
      std::ranges::transform(texts, read.begin(), parse_beat);
    }
  } catch (const Error& error) {
    lost = error.what();
  }
  lock.lock();
  if (reading && lost.empty()) state.others = std::move(read);
  state.lost = std::move(lost);
}

bool all_left(const State& state) {
  for (std::size_t rank = 0; rank < state.size; ++rank) {
    const auto& other = state.others[rank];
    if (rank != state.rank && (!other || other->state == Beat::State::running)) return false;
  }
  return true;
}

/// Whoever hosts the store leaves last, as far as the others leave in time.
void see_off(State& state, std::unique_lock<std::mutex>& lock) {
  state.reading = true;
  for (int i = 0; i < kFarewell && state.lost.empty() && !all_left(state); ++i) {
    exchange(state, lock);
    state.changed.wait_for(lock, state.interval / 4, [] { return false; });
  }
}

void beat(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (!state->stopping && state->lost.empty()) {
    exchange(*state, lock);
    state->changed.notify_all();
    state->changed.wait_for(lock, state->interval, [&] { return state->stopping; });
  }
  if (state->mine.state == Beat::State::running) state->mine.state = Beat::State::left;
  if (state->lost.empty()) exchange(*state, lock);
  if (state->host == static_cast<int>(state->rank)) see_off(*state, lock);
  state->ended = true;
  state->changed.notify_all();
}

/// "rank 2 <text>" or "ranks 1, 2 <text>".
Blame blamed(std::vector<int> ranks, const std::string& text) {
  std::string names;
  for (const int rank : ranks) names += concat(names.empty() ? "" : ", ", rank);
  return {.ranks = ranks, .text = concat(ranks.size() == 1 ? "rank " : "ranks ", names, text)};
}

/// The ranks whose beat fulfils `condition`.
template <class Condition>
std::vector<int> ranks_where(const State& state, Condition condition) {
  std::vector<int> ranks;
  for (std::size_t rank = 0; rank < state.size; ++rank) {
    const auto& other = state.others[rank];
    if (rank != state.rank && other && condition(*other)) ranks.push_back(static_cast<int>(rank));
  }
  return ranks;
}

/// Who is surely at fault, as far as the beats tell by now.
std::optional<Blame> surely(const State& state) {
  for (const auto& other : state.others) {
    if (other && other->state == Beat::State::failed && !other->blamed.empty() &&
        std::ranges::count(other->blamed, static_cast<int>(state.rank)) == 0) {
      return Blame{.ranks = other->blamed, .text = other->text};
    }
  }
  milliseconds silence{0};
  const auto silent = ranks_where(state, [&](const Beat& other) {
    const milliseconds since = state.uptime() - other.uptime;
    if (other.state != Beat::State::running || since < kSilence * state.interval) return false;
    silence = std::max(silence, since);
    return true;
  });
  if (!silent.empty()) {
    return blamed(silent, concat(" has been silent for ", seconds(silence),
                                 ": dead, stopped or cut off; it last began ",
                                 state.others[static_cast<std::size_t>(silent[0])]->text));
  }
  const auto left =
      ranks_where(state, [](const Beat& other) { return other.state == Beat::State::left; });
  if (!left.empty()) return blamed(left, " has left: its program ended, or dropped its group");
  return std::nullopt;
}

/// What is left to say where the beats accuse nobody.
Blame perhaps(const State& state, std::size_t channel, std::uint64_t finished,
              const std::vector<int>& members, milliseconds unanswered) {
  if (!state.lost.empty() || unanswered >= kSilence * state.interval) {
    const std::string why = state.lost.empty()
                                ? concat("has not answered for ", seconds(unanswered))
                                : concat("is lost (", state.lost, ")");
    if (state.host >= 0) return blamed({state.host}, concat(" hosts the store, which ", why));
    return {.ranks = {}, .text = concat("the store, which the launcher hosts, ", why)};
  }
  auto behind = ranks_where(state, [&](const Beat& other) {
    return other.finished.size() <= channel || other.finished[channel] < finished;
  });
  auto waiting =
      ranks_where(state, [&](const Beat& other) { return other.text != state.mine.text; });
  for (auto* ranks : {&behind, &waiting}) {
    std::erase_if(*ranks, [&](int rank) { return std::ranges::count(members, rank) == 0; });
  }
  const auto& late = behind.empty() ? waiting : behind;
  if (late.empty()) return {.ranks = {}, .text = "all ranks are alive and no rank is behind"};
  return blamed(late, concat(" is alive but has not come to it; it last began ",
                             state.others[static_cast<std::size_t>(late[0])]->text));
}

}  // namespace

Heartbeat::Heartbeat(KeyStore store, int rank, int size, int host, milliseconds interval)
    : state_(std::make_shared<State>(std::move(store), rank, size, host, interval)) {
  std::thread([state = state_] { beat(state); }).detach();
}

Heartbeat::~Heartbeat() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->changed.notify_all();
  // Not for ever: the store may hang, and its timeout be long.
  state_->changed.wait_for(lock, 2 * kFarewell * state_->interval, [&] { return state_->ended; });
}

std::size_t Heartbeat::new_channel() {
  const std::lock_guard lock(state_->mutex);
  state_->mine.finished.push_back(0);
  return state_->mine.finished.size() - 1;
}

void Heartbeat::begin(const std::string& what) {
  const std::lock_guard lock(state_->mutex);
  state_->mine.text = what;
}

void Heartbeat::finish(std::size_t channel) {
  const std::lock_guard lock(state_->mutex);
  ++state_->mine.finished[channel];
}

Blame Heartbeat::blame(std::size_t channel, std::uint64_t finished,
                       const std::vector<int>& members) {
  std::unique_lock lock(state_->mutex);
  state_->reading = true;
  const auto start = Clock::now();
  std::optional<Blame> found;
  milliseconds unanswered{0};
  for (int i = 0; i < kPatience && !found && state_->lost.empty(); ++i) {
    const bool answered =
        state_->changed.wait_for(lock, state_->interval * 2) == std::cv_status::no_timeout;
    const auto passed = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    unanswered = answered ? milliseconds(0) : passed;
    found = surely(*state_);
    if (unanswered >= kSilence * state_->interval) break;
  }
  if (!found) found = perhaps(*state_, channel, finished, members, unanswered);
  state_->reading = false;
  state_->mine.state = Beat::State::failed;
  state_->mine.blamed = found->ranks;
  state_->mine.text = found->text;
  return *found;
}

}  // namespace hadal
