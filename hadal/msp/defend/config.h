#pragma once

#include "hadal/hpts/train/config.h"
#include "hadal/msp/defend/adversarial_task.h"
#include "hadal/msp/evaluate/verdict.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace hadal::msp {

/// What `hadal harden` does, as its configuration file describes it: all that `hadal train` reads,
/// and the tables of docs/hardening.md.
struct HardenConfig {
  hpts::TrainConfig train;
  HardenOptions defence;
  double warm_up = 0.2;  ///< of epsilon, as a share of the steps

  struct Evaluation {
    std::int64_t images = 1'000;  ///< test images that are attacked, from the first
    double epsilon = 0;           ///< of the attacks; that of training may be a little larger
    VerdictAttacks attacks = VerdictAttacks::auto_attack;
  } evaluation;

  std::optional<std::filesystem::path> start = {};   ///< weights to begin with
  std::optional<std::filesystem::path> output = {};  ///< file for the hardened weights
};

/// Reads a configuration file, in TOML. Relative paths in it are relative to its folder. Throws
/// IoError where it cannot be read, and FormatError, naming line and field, for anything else.
HardenConfig read_harden_config(const std::filesystem::path& path);
/// The same for `text`; `path` names it in errors.
HardenConfig parse_harden_config(std::string_view text, const std::filesystem::path& path);

/// The task that `config` describes, its weights drawn from the configuration's seed or read from
/// its start. `data` is the folder of data sets. Throws what load_image_set() and load_state()
/// throw.
std::unique_ptr<AdversarialTask> make_adversarial_task(
    const HardenConfig& config, const std::optional<std::filesystem::path>& data);

}  // namespace hadal::msp
