#pragma once

#include "hadal/core/config.h"
#include "hadal/hpts/optimizer/optimizer.h"
#include "hadal/hpts/precision/precision.h"
#include "hadal/hpts/train/image_task.h"
#include "hadal/models/decoder_lm.h"
#include "hadal/models/schedule.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace hadal::hpts {

/// A training run as its configuration file describes it; docs/training.md lists the fields.
struct TrainConfig {
  std::uint64_t seed = 1;  ///< of weights, order, augmentation and rounding

  std::variant<ImageTaskOptions, models::DecoderLmOptions> model;
  std::string data_set;

  std::int64_t batch = 64;  ///< examples a step, of all processes together
  std::int64_t steps = 0;   ///< 0 where `epochs` says how long
  std::int64_t epochs = 0;
  std::optional<double> clip_norm = {};

  Rule rule;
  OptimizerOptions optimizer;
  double weight_decay = 0;
  models::Schedule schedule;  ///< but for the number of steps, which depends on the data
  double warm_up = 0;         ///< as a share of the steps

  enum class Policy { fp32, bf16, underflow, published, fixed };
  struct Precision {
    Policy policy = Policy::underflow;
    std::filesystem::path plan = {};               ///< of the fixed policy
    SavedFormat saved = SavedFormat::int8_blocks;  ///< with bf16
    bool recompute_norms = true;
    std::int64_t observe_every = 16;  ///< steps
  } precision;

  enum class Gradients { all_reduce, bf16, power_sgd };
  struct Distributed {
    Gradients gradients = Gradients::all_reduce;  ///< how they are sent
    std::int64_t rank = 4;                        ///< of PowerSGD
  } distributed;

  struct Checkpoints {
    std::optional<std::filesystem::path> folder = {};
    std::int64_t every = 500;  ///< steps
    std::int64_t keep = 2;
  } checkpoints;

  struct Log {
    std::optional<std::filesystem::path> csv = {};
    std::optional<std::filesystem::path> tensorboard = {};
    std::optional<std::filesystem::path> plan = {};  ///< the plan and its history, as JSON
    std::optional<std::filesystem::path> plot = {};  ///< the same as a page
    std::int64_t every = 10;                         ///< steps
    std::int64_t test_every = 0;                     ///< steps; 0 only at the end
  } log;
};

/// Reads what else a file holds than the fields of a TrainConfig.
using ReadFurther = std::function<void(const ConfigTable& file)>;

/// Reads a configuration file, in TOML. Relative paths in it are relative to its folder. Fields
/// that neither a TrainConfig has nor `further` reads are refused. Throws IoError where it cannot
/// be read, and FormatError, naming line and field, for anything else.
TrainConfig read_train_config(const std::filesystem::path& path, const ReadFurther& further = {});
/// The same for `text`; `path` names it in errors.
TrainConfig parse_train_config(std::string_view text, const std::filesystem::path& path,
                               const ReadFurther& further = {});

}  // namespace hadal::hpts
