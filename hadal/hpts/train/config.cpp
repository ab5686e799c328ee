#include "hadal/hpts/train/config.h"

#include "hadal/core/config.h"
#include "hadal/data/sets/sets.h"
#include "hadal/hpts/train/image_network.h"

#include <algorithm>

namespace hadal::hpts {
namespace {

namespace fs = std::filesystem;
using Table = ConfigTable;

std::int64_t count(const Table& table, std::string_view field, std::int64_t fallback,
                   double at_least = 1) {
  return table.integer(field, fallback, {.at_least = at_least, .at_most = 1e12});
}

double share(const Table& table, std::string_view field, double fallback) {
  return table.number(field, fallback, {.at_least = 0, .at_most = 1});
}

/// A path that is relative to the file's folder, or nothing.
std::optional<fs::path> path_of(const Table& table, std::string_view field,
                                const fs::path& folder) {
  if (!table.has(field)) return std::nullopt;
  const std::string text = table.text(field);
  if (text.empty()) table.refuse(field, "expected a path, got an empty text");
  return folder / text;
}

models::DecoderLmOptions read_decoder(const Table& model) {
  const models::DecoderLmOptions standard;
  models::DecoderLmOptions options;
  options.dim = count(model, "dim", standard.dim);
  options.layers = count(model, "layers", standard.layers);
  options.heads = count(model, "heads", standard.heads);
  options.kv_heads = count(model, "kv_heads", options.heads);
  options.hidden = count(model, "hidden", standard.hidden);
  options.context = count(model, "context", standard.context);
  if (options.dim % options.heads != 0 || options.dim / options.heads % 2 != 0) {
    model.refuse("heads", "expected heads that part dim into even sizes");
  }
  if (options.heads % options.kv_heads != 0) {
    model.refuse("kv_heads", "expected a divisor of heads");
  }
  return options;
}

ImageTaskOptions read_network(const std::string& name, const Table& model, const Table& data) {
  ImageTaskOptions options{.model = name};
  options.size = count(data, "size", 0, 0);
  options.augmentation.crop = data.flag("crop", false);
  options.augmentation.flip = data.flag("flip", false);
  options.label_smoothing = model.number("label_smoothing", 0.0, {.at_least = 0, .at_most = 0.99});
  return options;
}

void read_task(const Table& file, TrainConfig& config) {
  const Table model = file.table("model");
  const Table data = file.table("data");
  std::vector<std::string> names = image_model_names();
  names.push_back("decoder");
  const std::string name = model.choice("name", names, "resnet20");
  if (name == "decoder") {
    config.model = read_decoder(model);
    config.data_set = data.choice("set", data::text_set_names(), "stories");
  } else {
    config.model = read_network(name, model, data);
    config.data_set = data.choice("set", data::image_set_names(), "digits");
  }
}

void read_length(const Table& file, TrainConfig& config) {
  const Table train = file.table("train");
  config.batch = count(train, "batch", 64);
  config.steps = count(train, "steps", 0, 0);
  config.epochs = count(train, "epochs", config.steps == 0 ? 10 : 0, 0);
  if (config.steps != 0 && config.epochs != 0) {
    train.refuse("epochs", "expected either steps or epochs, got both");
  }
  if (config.steps == 0 && config.epochs == 0) train.refuse("epochs", "expected 1 or more, got 0");
  if (train.has("clip_norm")) config.clip_norm = train.number("clip_norm", {}, {.above = 0});
}

Rule read_rule(const Table& optimizer, const std::string& name) {
  if (name == "sgd") {
    const Sgd sgd{.momentum = share(optimizer, "momentum", 0.9),
                  .dampening = 0,
                  .nesterov = optimizer.flag("nesterov", false)};
    if (sgd.nesterov && sgd.momentum == 0) {
      optimizer.refuse("nesterov", "expected momentum with it");
    }
    return sgd;
  }
  const Adam adam{.beta1 = optimizer.number("beta1", 0.9, {.at_least = 0, .at_most = 0.9999999}),
                  .beta2 = optimizer.number("beta2", 0.999, {.at_least = 0, .at_most = 0.9999999}),
                  .epsilon = optimizer.number("epsilon", 1e-8, {.above = 0})};
  if (name == "adam") return adam;
  return AdamW{adam.beta1, adam.beta2, adam.epsilon};
}

void read_optimizer(const Table& file, TrainConfig& config) {
  const Table optimizer = file.table("optimizer");
  const std::string name = optimizer.choice("name", {"sgd", "adam", "adamw"}, "adamw");
  config.rule = read_rule(optimizer, name);
  config.weight_decay = optimizer.number("weight_decay", 0.01, {.at_least = 0, .at_most = 1e6});
  config.optimizer.state =
      parse_state_format(optimizer.choice("state", {"fp32", "bf16", "int8"}, "fp32"));
  config.optimizer.seed = config.seed;
  config.schedule.peak =
      optimizer.number("learning_rate", name == "sgd" ? 0.1 : 1e-3, {.above = 0, .at_most = 1e6});
  const std::string kind = optimizer.choice("schedule", {"cosine", "constant"}, "cosine");
  using Kind = models::Schedule::Kind;
  config.schedule.kind = kind == "cosine" ? Kind::cosine : Kind::constant;
  config.schedule.last_share = share(optimizer, "last_share", 0.0);
  config.warm_up = share(optimizer, "warm_up", 0.05);
}

void read_precision(const Table& file, const fs::path& folder, TrainConfig& config) {
  const Table precision = file.table("precision");
  const std::vector<std::string> policies{"fp32", "bf16", "underflow", "published", "fixed"};
  const std::string policy = precision.choice("policy", policies, "underflow");
  auto& result = config.precision;
  result.policy =
      static_cast<TrainConfig::Policy>(std::ranges::find(policies, policy) - policies.begin());
  if (const auto plan = path_of(precision, "plan", folder)) result.plan = *plan;
  if ((result.policy == TrainConfig::Policy::fixed) != !result.plan.empty()) {
    precision.refuse("plan", "expected a file with policy = \"fixed\", and with no other");
  }
  result.saved = parse_saved_format(
      precision.choice("saved", {"exact", "bf16", "int8_blocks"}, "int8_blocks"));
  result.recompute_norms = precision.flag("recompute_norms", true);
  result.observe_every = count(precision, "observe_every", 16);
}

void read_distributed(const Table& file, TrainConfig& config) {
  const Table distributed = file.table("distributed");
  const std::vector<std::string> ways{"all_reduce", "bf16", "power_sgd"};
  const std::string way = distributed.choice("gradients", ways, "all_reduce");
  config.distributed.gradients =
      static_cast<TrainConfig::Gradients>(std::ranges::find(ways, way) - ways.begin());
  if (way == "power_sgd") config.distributed.rank = count(distributed, "rank", 4);
}

void read_outputs(const Table& file, const fs::path& folder, TrainConfig& config) {
  const Table checkpoints = file.table("checkpoints");
  config.checkpoints.folder = path_of(checkpoints, "folder", folder);
  config.checkpoints.every = count(checkpoints, "every", 500);
  config.checkpoints.keep = count(checkpoints, "keep", 2, 2);
  const Table log = file.table("log");
  config.log.csv = path_of(log, "csv", folder);
  config.log.tensorboard = path_of(log, "tensorboard", folder);
  config.log.plan = path_of(log, "plan", folder);
  config.log.plot = path_of(log, "plot", folder);
  config.log.every = count(log, "every", 10);
  config.log.test_every = count(log, "test_every", 0, 0);
}

TrainConfig read_all(const Table& file, const fs::path& folder, const ReadFurther& further) {
  TrainConfig config;
  config.seed = static_cast<std::uint64_t>(count(file, "seed", 1, 0));
  read_task(file, config);
  read_length(file, config);
  read_optimizer(file, config);
  read_precision(file, folder, config);
  read_distributed(file, config);
  read_outputs(file, folder, config);
  if (further) further(file);
  file.finish();
  return config;
}

}  // namespace

TrainConfig parse_train_config(std::string_view text, const fs::path& path,
                               const ReadFurther& further) {
  return read_all(Table::parse(text, path.string()), path.parent_path(), further);
}

TrainConfig read_train_config(const fs::path& path, const ReadFurther& further) {
  return read_all(Table::read(path), path.parent_path(), further);
}

}  // namespace hadal::hpts
