#pragma once

#include "hadal/hpts/train/config.h"
#include "hadal/hpts/train/task.h"

#include <filesystem>
#include <memory>
#include <optional>

namespace hadal::hpts {

/// The task that `config` describes, its weights drawn from the configuration's seed. `data` is the
/// folder of data sets (HADAL_DATA), which some sets need. Throws what load_image_set() and
/// load_text_set() throw.
std::unique_ptr<Task> make_task(const TrainConfig& config,
                                const std::optional<std::filesystem::path>& data);

}  // namespace hadal::hpts
