#pragma once

#include "hadal/draf/engine/create.h"
#include "hadal/draf/parallel/rank_grid.h"

#include <memory>
#include <thread>

namespace hadal::bench {

/// An engine that several ranks run together, at each of them: it leads at rank 0, and a thread
/// follows at the others.
class RanksEngine {
 public:
  /// `model` is this rank's part. All ranks have to call it, one engine after the other.
  RanksEngine(const draf::RankGrid& ranks, std::shared_ptr<const draf::Model> model,
              const draf::EngineOptions& options);
  /// Rank 0's end ends the others' threads.
  ~RanksEngine();
  RanksEngine(const RanksEngine&) = delete;
  RanksEngine& operator=(const RanksEngine&) = delete;

  /// At rank 0.
  draf::Engine& engine() { return *engine_; }

 private:
  std::unique_ptr<draf::Engine> engine_;
  std::thread follower_;
};

}  // namespace hadal::bench
