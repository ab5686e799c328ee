// The model against the latencies that FasterTransformer publishes for A100 clusters. The preset's
// engine and collective constants are fitted to every second group of rows of each model and
// engine, a group being the layouts of one batch size and length; the other half checks them.
#include "hadal/core/statistics.h"
#include "hadal/draf/plan/batch.h"
#include "hadal/draf/plan/published_table.h"
#include "hadal/testing/paths.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

struct Timed {
  std::string model;
  std::string engine;
  std::string group;  ///< batch and lengths
  Layout layout;
  std::int64_t prompt;
  std::int64_t output;
  double seconds;
  bool fitted;  ///< in the half that the constants are fitted to
};

std::vector<Timed> read_latencies(const std::filesystem::path& path) {
  std::vector<Timed> rows;
  std::map<std::string, std::vector<std::string>> groups;
  for (const auto& row : read_table(path)) {
    const auto get = [&](const char* name) { return static_cast<std::int64_t>(number(row, name)); };
    Timed timed{.model = row.at("model"),
                .engine = row.at("engine") == "ft" ? "fastertransformer" : "megatron",
                .group = row.at("batch") + ',' + row.at("input") + ',' + row.at("output"),
                .layout = {.tensor = get("tp"), .pipeline = get("pp"), .batch = get("batch")},
                .prompt = get("input"),
                .output = get("output"),
                .seconds = number(row, "latency_ms") * 1e-3,
                .fitted = false};
    auto& known = groups[timed.model + timed.engine];
    if (std::ranges::find(known, timed.group) == known.end()) known.push_back(timed.group);
    timed.fitted = (std::ranges::find(known, timed.group) - known.begin()) % 2 == 0;
    rows.push_back(std::move(timed));
  }
  return rows;
}

using Change = std::function<void(Cluster&)>;

double modelled(const Timed& row, const Change& change = {}) {
  Cluster cluster = find_cluster("a100-superpod", row.engine);
  if (change) change(cluster);
  return batch_time(named_shape(row.model), cluster, row.layout, row.prompt, row.output).seconds();
}

std::vector<double> errors(const std::vector<Timed>& rows,
                           const std::function<bool(const Timed&)>& takes) {
  std::vector<double> found;
  for (const Timed& row : rows) {
    if (takes(row)) found.push_back(std::abs(modelled(row) / row.seconds - 1));
  }
  return found;
}

class PlanLatencyRealData : public ::testing::Test {};

TEST_F(PlanLatencyRealData, IsWithinFifteenPercentOfWhatIsPublished) {
  HADAL_REQUIRE_DATA(path, "tables/fastertransformer_gpt_a100.csv");
  const auto rows = read_latencies(path);
  const auto all = errors(rows, [](const Timed&) { return true; });
  const auto held_out = errors(rows, [](const Timed& row) { return !row.fitted; });
  EXPECT_GE(all.size(), 98);
  EXPECT_GE(held_out.size(), 40);
  EXPECT_LT(median(all), 0.05);
  EXPECT_LT(median(held_out), 0.06);
  EXPECT_LT(quantile(held_out, 0.9), 0.2);
  // No model or engine is off as a whole.
  for (const char* model : {"gpt-20b", "gpt-175b", "megatron-530b"}) {
    for (const char* engine : {"fastertransformer", "megatron"}) {
      const auto of = errors(
          rows, [&](const Timed& row) { return row.model == model && row.engine == engine; });
      if (of.empty()) continue;
      EXPECT_LT(median(of), 0.15) << model << ' ' << engine;
    }
  }
}

TEST_F(PlanLatencyRealData, RanksTheQuickestLayoutFirst) {
  HADAL_REQUIRE_DATA(path, "tables/fastertransformer_gpt_a100.csv");
  std::map<std::string, std::vector<Timed>> groups;
  for (const Timed& row : read_latencies(path)) {
    groups[row.model + row.engine + row.group].push_back(row);
  }
  std::erase_if(groups, [](const auto& group) { return group.second.size() < 2; });
  int first = 0;
  for (const auto& [name, rows] : groups) {
    const auto published = std::ranges::min_element(rows, {}, &Timed::seconds);
    const auto ours =
        std::ranges::min_element(rows, {}, [](const Timed& row) { return modelled(row); });
    first += published == ours ? 1 : 0;
  }
  EXPECT_EQ(groups.size(), 22);
  EXPECT_GE(first, 0.8 * static_cast<double>(groups.size()));
}

/// Where the fit lies: none of the constants, changed by a quarter, fits that half better.
TEST_F(PlanLatencyRealData, HasConstantsThatFitTheirHalfBest) {
  HADAL_REQUIRE_DATA(path, "tables/fastertransformer_gpt_a100.csv");
  const auto rows = read_latencies(path);
  const auto loss = [&](const std::string& engine, const Change& change) {
    std::vector<double> logs;
    for (const Timed& row : rows) {
      if (!row.fitted || row.engine != engine) continue;
      logs.push_back(std::abs(std::log(modelled(row, change) / row.seconds)));
    }
    return mean(logs);
  };
  const auto check = [&](const std::string& engine, const char* name, auto&& constant) {
    const double best = loss(engine, {});
    for (const double factor : {0.75, 1.25}) {
      const Change change = [&](Cluster& cluster) { constant(cluster) *= factor; };
      EXPECT_GT(loss(engine, change), best) << name << " times " << factor;
    }
  };
  const auto check_engine = [&](const char* name, auto&& constant) {
    check("fastertransformer", name, constant);
  };
  check_engine("layer", [](Cluster& c) -> double& { return c.engine.layer_seconds; });
  check_engine("collective", [](Cluster& c) -> double& { return c.collective_seconds; });
  check_engine("node hop", [](Cluster& c) -> double& { return c.node.hop_seconds; });
  check_engine("network hop", [](Cluster& c) -> double& { return c.network.hop_seconds; });
  check_engine("elementwise", [](Cluster& c) -> double& { return c.device.elementwise_rate; });
  check("megatron", "host", [](Cluster& c) -> double& { return c.engine.host_seconds; });
  check("megatron", "recomputed", [](Cluster& c) -> double& { return c.engine.recomputed; });
}

}  // namespace
}  // namespace hadal::draf::plan
