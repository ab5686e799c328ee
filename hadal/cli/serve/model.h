#pragma once

#include "hadal/cli/model_options.h"
#include "hadal/draf/server/served_model.h"

#include <cstdint>
#include <memory>
#include <string>

#include <CLI/App.hpp>

namespace hadal::cli {

/// Which model to serve, and how.
struct ServedModelOptions {
  ModelOptions model = {};
  std::string name = {};  ///< empty: the folder's
  std::int64_t max_running = 64;
  std::int64_t max_waiting = 1024;
};

void add_served_model_options(CLI::App& command, ServedModelOptions& options);

/// A model that is loaded, and the engine that runs it: null at a rank but the first, which has
/// done its part then.
struct RunningModel {
  draf::ServedModel served;
  std::unique_ptr<draf::Engine> engine;
};

/// Throws what load_model(), ChatTemplate and start_engine() throw, and what RanksOfModel does.
RunningModel start_model(const ServedModelOptions& options);

}  // namespace hadal::cli
