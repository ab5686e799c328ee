#include "hadal/cli/ranks_of_model.h"

#include "hadal/draf/engine/parallel.h"

#include <utility>

namespace hadal::cli {
namespace {

/// A rank that is silent for so long counts as lost.
constexpr std::chrono::seconds kTimeout(60);

}  // namespace

RanksOfModel::RanksOfModel() : group_(init_process_group({.timeout = kTimeout})) {}

draf::LoadedModel RanksOfModel::load(const ModelOptions& options) const {
  draf::LoadOptions format = load_options(options);
  if (group_->size() > 1) format.parallel = std::make_shared<draf::TensorParallel>(group_);
  return draf::load_model(options.folder, format);
}

std::unique_ptr<draf::Engine> RanksOfModel::run(draf::LoadedModel& loaded,
                                                const draf::EngineOptions& options) {
  draf::EngineParts parts{
      .model = std::move(loaded.model), .tokenizer = loaded.tokenizer, .end_ids = loaded.end_ids};
  if (group_->size() == 1) return draf::start_engine(std::move(parts), options);
  if (group_->rank() == 0) {
    return draf::lead_engine(std::move(parts), options, group_, loaded.digest);
  }
  draf::follow_engine(std::move(parts), options, group_, loaded.digest);
  return nullptr;
}

}  // namespace hadal::cli
