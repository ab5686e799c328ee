#pragma once

#include "hadal/draf/engine/create.h"
#include "hadal/draf/model/load.h"
#include "hadal/draf/server/served_model.h"

#include <filesystem>
#include <memory>
#include <string>

#include <CLI/App.hpp>

namespace hadal::cli {

/// Which model to run, and how.
struct ModelArguments {
  std::filesystem::path folder;
  std::string name = {};  ///< empty: the folder's
  std::string weights = "bf16";
  std::string attention = "dense";
  double keep = 0.3;
  double cache_gib = 1;
  std::int64_t max_running = 64;
  std::int64_t max_waiting = 1024;
};

void add_model_options(CLI::App& command, ModelArguments& arguments);

/// A model that is loaded, and the engine that runs it.
struct RunningModel {
  draf::ServedModel served;
  std::unique_ptr<draf::Engine> engine;
};

/// Throws what load_model(), ChatTemplate and start_engine() throw.
RunningModel start_model(const ModelArguments& arguments);

}  // namespace hadal::cli
