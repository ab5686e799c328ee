#include "hadal/msp/defend/config.h"

#include "hadal/core/config.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/random.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/models/state.h"

#include <algorithm>
#include <cmath>
#include <variant>

namespace hadal::msp {
namespace {

namespace fs = std::filesystem;
using Table = ConfigTable;

int small_count(const Table& table, std::string_view field, int fallback) {
  return static_cast<int>(table.integer(field, fallback, {.at_least = 1, .at_most = 1e6}));
}

void read_defence(const Table& file, HardenConfig& config) {
  const Table defence = file.table("defence");
  HardenOptions& x = config.defence;
  x.method = parse_harden_method(defence.choice("method", harden_method_names(), "pgd"));
  x.threat.norm = parse_norm(defence.choice("norm", {"linf", "l2"}, "linf"));
  x.threat.epsilon = defence.number("epsilon", {}, {.above = 0, .at_most = 1e6});
  x.steps = small_count(defence, "steps", x.steps);
  x.step_size = defence.number("step_size", x.step_size, {.above = 0, .at_most = 10});
  if (x.method == HardenMethod::trades) {
    x.beta = defence.number("beta", x.beta, {.at_least = 0, .at_most = 1e6});
  }
  if (x.method == HardenMethod::fast) {
    x.check_every = small_count(defence, "check_every", 50);
  }
  config.warm_up = defence.number("warm_up", config.warm_up, {.at_least = 0, .at_most = 1});
  x.average = defence.number("average", x.average, {.at_least = 0, .at_most = 0.9999999});
}

void read_paths(const Table& file, const fs::path& folder, HardenConfig& config) {
  const auto path_of = [&](const Table& table, std::string_view field) -> std::optional<fs::path> {
    if (!table.has(field)) return std::nullopt;
    const std::string text = table.text(field);
    if (text.empty()) table.refuse(field, "expected a path, got an empty text");
    return folder / text;
  };
  config.start = path_of(file.table("model"), "weights");
  config.output = path_of(file.table("output"), "model");
}

}  // namespace

HardenConfig parse_harden_config(std::string_view text, const fs::path& path) {
  HardenConfig config;
  config.train = hpts::parse_train_config(text, path, [&](const Table& file) {
    read_defence(file, config);
    const Table evaluation = file.table("evaluation");
    config.evaluation.images =
        evaluation.integer("images", config.evaluation.images, {.at_least = 1, .at_most = 1e9});
    config.evaluation.epsilon =
        evaluation.number("epsilon", config.defence.threat.epsilon, {.above = 0, .at_most = 1e6});
    config.evaluation.attacks =
        parse_verdict_attacks(evaluation.choice("attacks", verdict_attack_names(), "autoattack"));
    read_paths(file, path.parent_path(), config);
  });
  if (!std::holds_alternative<hpts::ImageTaskOptions>(config.train.model)) {
    throw FormatError(concat(path.string(),
                             ": model.name: expected a network for images, got the "
                             "decoder, which takes text"));
  }
  return config;
}

HardenConfig read_harden_config(const fs::path& path) {
  return parse_harden_config(read_file(path, 1 << 20), path);
}

std::unique_ptr<AdversarialTask> make_adversarial_task(const HardenConfig& config,
                                                       const std::optional<fs::path>& data) {
  seed_aten(config.train.seed);
  data::ImageSet images = data::load_image_set(config.train.data_set, data, config.train.seed);
  const std::int64_t steps =
      config.train.steps > 0
          ? config.train.steps
          : config.train.epochs * (images.train.images.size(0) / config.train.batch);
  HardenOptions options = config.defence;
  options.warm_up = std::llround(config.warm_up * static_cast<double>(steps));
  auto task = std::make_unique<AdversarialTask>(
      options, std::get<hpts::ImageTaskOptions>(config.train.model), std::move(images));
  if (config.start) models::load_state(task->model(), SafetensorsReader(*config.start));
  return task;
}

}  // namespace hadal::msp
