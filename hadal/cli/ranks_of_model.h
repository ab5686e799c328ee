#pragma once

#include "hadal/cli/model_options.h"
#include "hadal/core/process_group/process_group.h"
#include "hadal/draf/parallel/rank_grid.h"

#include <memory>

namespace hadal::cli {

/// The processes that run a model together: those of the job that started this one, or it alone.
class RanksOfModel {
 public:
  /// Throws what init_process_group() throws.
  RanksOfModel();

  /// The model, or this rank's part of it. Throws what arrange() and load_model() throw.
  draf::LoadedModel load(const ModelOptions& options);
  /// The engine at rank 0. At the others null, once rank 0's has ended. Throws what start_engine(),
  /// lead_engine() and follow_engine() throw.
  std::unique_ptr<draf::Engine> run(draf::LoadedModel& loaded, const draf::EngineOptions& options);

 private:
  std::shared_ptr<ProcessGroup> group_;
  draf::RankGrid grid_;
};

}  // namespace hadal::cli
