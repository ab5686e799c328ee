#pragma once

#include "hadal/core/process_group/beat.h"
#include "hadal/core/process_group/key_store.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hadal {

/// What a failure is put down to.
struct Blame {
  std::vector<int> ranks;  ///< empty where nobody is known to be at fault
  std::string text;        ///< "rank 2 has been silent for 1.3 s"
};

/// A thread that writes this process's Beat into the store every `interval`, and finds out who is
/// at fault when a collective has failed: who no longer writes (dead, stopped, cut off), who has
/// left, who lags behind. Nothing here waits longer than some intervals, be the store dead.
class Heartbeat {
 public:
  /// `store` is this object's own connection. `host` is the rank that hosts the store, -1 where it
  /// is no rank; that rank waits in its destructor until the others have left, within bounds. All
  /// ranks have to have joined, and make theirs at the same time.
  Heartbeat(KeyStore store, int rank, int size, int host, std::chrono::milliseconds interval);
  /// Tells the others that this process leaves.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// A number for the collectives of one group of connections.
  std::size_t new_channel();
  /// Notes that a collective begins; `what` names it in the errors of others.
  void begin(const std::string& what);
  void finish(std::size_t channel);

  /// Who is at fault that the collective after `finished` others failed on `channel`, which those
  /// ranks share. Tells the others what it found.
  Blame blame(std::size_t channel, std::uint64_t finished, const std::vector<int>& members);

  struct State;

 private:
  std::shared_ptr<State> state_;  // outlives this where the store hangs
};

}  // namespace hadal
