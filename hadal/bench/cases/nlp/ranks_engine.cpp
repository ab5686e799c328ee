#include "hadal/bench/cases/nlp/ranks_engine.h"

#include "hadal/bench/cases/nlp/generate.h"
#include "hadal/draf/engine/parallel.h"

#include <utility>

namespace hadal::bench {

RanksEngine::RanksEngine(const draf::RankGrid& ranks, std::shared_ptr<const draf::Model> model,
                         const draf::EngineOptions& options) {
  constexpr const char* kModel = "the case's model";
  draf::EngineParts parts{.model = std::move(model)};
  if (ranks.all->rank() == 0) {
    engine_ = draf::lead_engine(std::move(parts), options, ranks, kModel);
    generate(*engine_, {greedy_request({0}, 1)});  // the others follow
  } else {
    follower_ = std::thread([parts = std::move(parts), options, ranks] {
      draf::follow_engine(parts, options, ranks, kModel);
    });
  }
  // Until then the followers' threads use the group to agree.
  ranks.all->barrier("the start of an engine");
}

RanksEngine::~RanksEngine() {
  engine_.reset();
  if (follower_.joinable()) follower_.join();
}

}  // namespace hadal::bench
