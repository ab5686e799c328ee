#include "hadal/draf/plan/cluster.h"

#include "hadal/core/config.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/text.h"
#include "plan_presets.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <locale>
#include <optional>
#include <sstream>

namespace hadal::draf::plan {
namespace {

constexpr double kGiga = 1e9;
constexpr double kMicro = 1e-6;

struct Preset {
  std::string_view name;
  std::string_view text;
};
constexpr std::array<std::string_view, 2> kAllReduceNames = {"tree", "ring"};
constexpr Preset kPresets[] = {{"a100-superpod", embedded::a100_superpod_toml}};

// Far beyond any machine, and far below where products of sizes lose their meaning.
constexpr ConfigRange kRate = {.at_least = 1e-9, .at_most = 1e9};
constexpr ConfigRange kMicroseconds = {.at_least = 0, .at_most = 1e9};
constexpr ConfigRange kPart = {.at_least = 1e-9, .at_most = 1};
constexpr ConfigRange kPartOrNone = {.at_least = 0, .at_most = 1};

double micro(const ConfigTable& table, const char* field, std::optional<double> fallback) {
  return table.number(field, fallback, kMicroseconds) * kMicro;
}

Device read_device(const ConfigTable& table) {
  const Device none;
  return {.memory = table.number("memory_gb", {}, kRate) * kGiga,
          .matmul_rate = table.number("matmul_tflops", {}, kRate) * 1e12,
          .memory_rate = table.number("memory_gb_per_second", {}, kRate) * kGiga,
          .kernel_seconds = micro(table, "kernel_microseconds", 0),
          .roofline_power =
              table.number("roofline_power", none.roofline_power, {.at_least = 1, .at_most = 64}),
          .elementwise_rate = table.number("elementwise_rate", none.elementwise_rate, kPart),
          .cache_rate = table.number("cache_rate", none.cache_rate, kPart),
          .attention_rate = table.number("attention_rate", none.attention_rate, kPart)};
}

/// A link that is not described is never crossed: parse_cluster() asks for it where it is.
Link read_link(const ConfigTable& table, bool needed) {
  if (!needed && !table.has("gb_per_second")) return {};
  return {.rate = table.number("gb_per_second", {}, kRate) * kGiga,
          .hop_seconds = micro(table, "hop_microseconds", {})};
}

EngineCosts read_engine(const ConfigTable& table, const std::string& name) {
  return {.name = name,
          .layer_seconds = micro(table, "layer_microseconds", 0),
          .host_seconds = micro(table, "host_microseconds", 0),
          .recomputed = table.number("recomputed", 0, kPartOrNone),
          .overlap = table.number("overlap", 0, kPartOrNone)};
}

/// Reads all engines, so that none has a fault that shows later, and gives the one asked for.
EngineCosts pick_engine(const ConfigTable& file, const std::string& wanted,
                        const std::string& source) {
  const std::vector<std::string> names = file.texts("engines");
  if (names.empty()) file.refuse("engines", "expected a list with at least one engine's name");
  const ConfigTable tables = file.table("engine");
  std::vector<EngineCosts> engines;
  for (const std::string& name : names) engines.push_back(read_engine(tables.table(name), name));
  if (wanted.empty()) return engines.front();
  const auto found = std::ranges::find(engines, wanted, &EngineCosts::name);
  if (found != engines.end()) return *found;
  throw InvalidArgument(
      concat("the cluster ", source, " does not tell the costs of the engine ", quote(wanted)),
      concat("it has ", printable(join(names))));
}

}  // namespace

std::string_view name_of(AllReduce algorithm) {
  return kAllReduceNames[static_cast<std::size_t>(algorithm)];
}

Cluster parse_cluster(std::string_view text, const std::string& source, const std::string& engine) {
  const ConfigTable file = ConfigTable::parse(text, source);
  constexpr ConfigRange kCount = {.at_least = 1, .at_most = 1'000'000};
  Cluster cluster{.name = file.text("name"),
                  .source = file.text("source", ""),
                  .nodes = file.integer("nodes", 1, kCount),
                  .devices_per_node = file.integer("devices_per_node", {}, kCount),
                  .device = read_device(file.table("device"))};
  cluster.node = read_link(file.table("node"), cluster.devices_per_node > 1);
  cluster.network = read_link(file.table("network"), cluster.nodes > 1);
  const std::string algorithm =
      file.choice("all_reduce", {kAllReduceNames.begin(), kAllReduceNames.end()}, "tree");
  cluster.all_reduce = algorithm == "ring" ? AllReduce::ring : AllReduce::tree;
  cluster.collective_seconds = micro(file, "collective_microseconds", 0);
  cluster.engine = pick_engine(file, engine, source);
  file.finish();
  if (cluster.devices() > 1'000'000) {
    file.refuse("nodes",
                concat("expected at most 1000000 devices in all, got ", cluster.devices()));
  }
  return cluster;
}

std::vector<std::string> cluster_names() {
  std::vector<std::string> names;
  for (const Preset& preset : kPresets) names.emplace_back(preset.name);
  return names;
}

Cluster find_cluster(const std::string& cluster, const std::string& engine) {
  for (const auto& [name, text] : kPresets) {
    if (name == cluster) return parse_cluster(text, cluster, engine);
  }
  std::error_code none;
  if (std::filesystem::exists(cluster, none)) {
    constexpr std::size_t kMostBytes = std::size_t{1} << 20;
    return parse_cluster(read_file(cluster, kMostBytes), cluster, engine);
  }
  throw InvalidArgument(concat("expected a cluster, got ", quote(cluster)),
                        concat("a file that describes one, or one of ", join(cluster_names())));
}

std::string cluster_toml(const Cluster& cluster) {
  const auto text = [](const std::string& value) { return quote(printable(value)); };
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out.precision(6);
  const auto link = [&](const char* name, const Link& link) {
    if (link.rate <= 0) return;
    out << "\n[" << name << "]\ngb_per_second = " << link.rate / kGiga
        << "\nhop_microseconds = " << link.hop_seconds / kMicro << '\n';
  };
  const Device& device = cluster.device;
  const EngineCosts& engine = cluster.engine;
  out << "name = " << text(cluster.name) << "\nsource = " << text(cluster.source)
      << "\nnodes = " << cluster.nodes << "\ndevices_per_node = " << cluster.devices_per_node
      << "\nall_reduce = " << text(std::string(name_of(cluster.all_reduce)))
      << "\ncollective_microseconds = " << cluster.collective_seconds / kMicro << "\nengines = ["
      << text(engine.name) << "]\n\n[device]\nmemory_gb = " << device.memory / kGiga
      << "\nmatmul_tflops = " << device.matmul_rate / 1e12
      << "\nmemory_gb_per_second = " << device.memory_rate / kGiga
      << "\nkernel_microseconds = " << device.kernel_seconds / kMicro
      << "\nroofline_power = " << device.roofline_power
      << "\nelementwise_rate = " << device.elementwise_rate
      << "\ncache_rate = " << device.cache_rate << "\nattention_rate = " << device.attention_rate
      << '\n';
  link("node", cluster.node);
  link("network", cluster.network);
  out << "\n[engine." << text(engine.name)
      << "]\nlayer_microseconds = " << engine.layer_seconds / kMicro
      << "\nhost_microseconds = " << engine.host_seconds / kMicro
      << "\nrecomputed = " << engine.recomputed << "\noverlap = " << engine.overlap << '\n';
  return out.str();
}

}  // namespace hadal::draf::plan
