#include "hadal/cli/ranks_of_model.h"

#include "hadal/draf/engine/parallel.h"

#include <utility>

namespace hadal::cli {
namespace {

/// A rank that is silent for so long counts as lost.
constexpr std::chrono::seconds kTimeout(60);

}  // namespace

RanksOfModel::RanksOfModel() : group_(init_process_group({.timeout = kTimeout})) {}

draf::LoadedModel RanksOfModel::load(const ModelOptions& options) {
  draf::LoadOptions load = load_options(options);
  grid_ = draf::arrange(group_, options.stages, {.int8_sums = options.int8_sums});
  load.ranks = grid_;
  return draf::load_model(options.folder, load);
}

std::unique_ptr<draf::Engine> RanksOfModel::run(draf::LoadedModel& loaded,
                                                const draf::EngineOptions& options) {
  draf::EngineParts parts{
      .model = std::move(loaded.model), .tokenizer = loaded.tokenizer, .end_ids = loaded.end_ids};
  if (group_->size() == 1) return draf::start_engine(std::move(parts), options);
  if (group_->rank() == 0) {
    return draf::lead_engine(std::move(parts), options, grid_, loaded.digest);
  }
  draf::follow_engine(std::move(parts), options, grid_, loaded.digest);
  return nullptr;
}

}  // namespace hadal::cli
