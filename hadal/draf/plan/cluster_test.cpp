#include "hadal/draf/plan/cluster.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/draf/plan/cluster_exercise.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

const std::string kFile = R"(name = "two boxes"
nodes = 2
devices_per_node = 4
all_reduce = "ring"
collective_microseconds = 50
engines = ["mine", "slow"]
[device]
memory_gb = 16
matmul_tflops = 0.5
memory_gb_per_second = 20
[node]
gb_per_second = 5
hop_microseconds = 10
[network]
gb_per_second = 0.125
hop_microseconds = 100
[engine.mine]
layer_microseconds = 7
[engine.slow]
recomputed = 1
)";

/// kFile with `from` replaced by `to`.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = kFile;
  text.replace(text.find(from), from.size(), to);
  return text;
}

std::string refusal(const std::string& text) {
  return hadal::testing::error_of<FormatError>([&] { parse_cluster(text, "c.toml"); });
}

TEST(PlanCluster, ReadsWhatTheFileSays) {
  const Cluster cluster = parse_cluster(kFile, "c.toml");
  EXPECT_EQ(cluster.devices(), 8);
  EXPECT_EQ(cluster.all_reduce, AllReduce::ring);
  EXPECT_DOUBLE_EQ(cluster.device.matmul_rate, 5e11);
  EXPECT_DOUBLE_EQ(cluster.device.memory, 16e9);
  EXPECT_DOUBLE_EQ(cluster.network.rate, 1.25e8);
  EXPECT_DOUBLE_EQ(cluster.network.hop_seconds, 1e-4);
  EXPECT_DOUBLE_EQ(cluster.collective_seconds, 5e-5);
  EXPECT_EQ(cluster.engine.name, "mine");
  EXPECT_DOUBLE_EQ(cluster.engine.layer_seconds, 7e-6);
  EXPECT_EQ(parse_cluster(kFile, "c.toml", "slow").engine.recomputed, 1);
}

TEST(PlanCluster, WritesWhatItReads) {
  const std::string written = cluster_toml(parse_cluster(kFile, "c.toml"));
  EXPECT_EQ(cluster_toml(parse_cluster(written, "w.toml")), written);
  EXPECT_DOUBLE_EQ(parse_cluster(written, "w.toml").network.rate, 1.25e8);
}

TEST(PlanCluster, NamesTheLineAndFieldAtFault) {
  EXPECT_EQ(refusal(changed("matmul_tflops = 0.5", "matmul_tflops = -1")),
            "c.toml, line 9: device.matmul_tflops: expected a number from 1e-09 to 1e+09, got -1");
  EXPECT_EQ(refusal(changed("memory_gb = 16", "memory_gb = nan")).find("c.toml, line 8"), 0);
  EXPECT_EQ(refusal(changed("nodes = 2", "nodes = 2\nracks = 3")),
            "c.toml, line 3: racks: unknown field");
  EXPECT_EQ(refusal(changed("\"ring\"", "\"star\"")),
            "c.toml, line 4: all_reduce: expected one of tree, ring, got \"star\"");
  EXPECT_EQ(refusal(changed("recomputed = 1", "recomputed = 2"))
                .find("c.toml, line 20: engine.slow.recomputed: expected a number"),
            0);
  EXPECT_EQ(refusal(changed("engines = [\"mine\", \"slow\"]", "engines = []")),
            "c.toml, line 6: engines: expected a list with at least one engine's name");
  EXPECT_EQ(refusal(changed("devices_per_node = 4", "devices_per_node = 1000000"))
                .find("c.toml, line 2: nodes: expected at most 1000000 devices"),
            0);
}

TEST(PlanCluster, AsksForTheLinksThatAreCrossed) {
  EXPECT_EQ(refusal(changed("gb_per_second = 0.125", "")),
            "c.toml, line 14: network.gb_per_second: expected a number from 1e-09 to 1e+09, but "
            "the field is missing");
  EXPECT_NO_THROW(parse_cluster(
      "name='a'\ndevices_per_node=1\nengines=['e']\n[device]\nmemory_gb=1\nmatmul_tflops=1\n"
      "memory_gb_per_second=1\n",
      "one"));
}

TEST(PlanCluster, ComesByNameOrFromAFile) {
  EXPECT_EQ(find_cluster("a100-superpod").devices(), 32);
  EXPECT_GT(find_cluster("a100-superpod", "megatron").engine.recomputed, 0);
  const hadal::testing::TemporaryFolder folder;
  write_file(folder / "c.toml", kFile);
  EXPECT_EQ(find_cluster(folder / "c.toml").name, "two boxes");
  const auto error = [](const char* name, const char* engine) {
    return hadal::testing::error_of<InvalidArgument>([&] { find_cluster(name, engine); });
  };
  EXPECT_EQ(error("h100", ""), "expected a cluster, got \"h100\"");
  EXPECT_EQ(error("a100-superpod", "warp"),
            "the cluster a100-superpod does not tell the costs of the engine \"warp\"");
}

TEST(PlanCluster, TakesHostileFilesInStride) {
  for (std::size_t end = 0; end <= kFile.size(); end += 7) exercise_cluster(kFile.substr(0, end));
  exercise_cluster(changed("memory_gb = 16", "memory_gb = 1e9"));
  exercise_cluster(changed("\"two boxes\"", "\"\\\"\\n\\u0000\""));
  const auto corpus = hadal::testing::source_path("hadal/draf/plan/testdata/cluster");
  for (const auto& file : std::filesystem::directory_iterator(corpus)) {
    exercise_cluster(read_file(file.path()));
  }
}

}  // namespace
}  // namespace hadal::draf::plan
