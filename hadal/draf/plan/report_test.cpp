#include "hadal/draf/plan/report.h"

#include "hadal/draf/plan/table.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hadal::draf::plan {
namespace {

const Cluster kCluster = find_cluster("a100-superpod");

Plan example(const Layout& layout) {
  const Shape shape = named_shape("gpt-175b");
  Plan plan{.shape = shape,
            .cluster = kCluster,
            .request = {.prompt = 512, .output = 128, .longest = 640},
            .options = {},
            .ranked = {evaluate(shape, kCluster, layout, {512, 128, 640, 0}, 2048)},
            .left_out = {.memory = 3}};
  return plan;
}

TEST(PlanReport, WritesTheLineThatStartsTheBestLayout) {
  EXPECT_EQ(launch_line(example({.batch = 4}), "m"), "hadal serve m --max-running 4");
  EXPECT_EQ(launch_line(example({.tensor = 8, .pipeline = 1, .batch = 16}), "m"),
            "hadal launch -n 8 -- hadal serve m --max-running 16");
  EXPECT_EQ(
      launch_line(example({.tensor = 24, .pipeline = 1, .batch = 16}), "m"),
      "HADAL_RENDEZVOUS_SECRET=$(openssl rand -hex 32) srun --nodes 3 --ntasks 24 hadal serve m "
      "--max-running 16");
  EXPECT_EQ(launch_line(example({.tensor = 4, .pipeline = 2, .batch = 16}), "m"),
            "hadal launch -n 8 -- hadal serve m --max-running 16 --pipeline-parallel-size 2");
  EXPECT_EQ(
      launch_line(example({.tensor = 8, .pipeline = 3, .batch = 16}), "m"),
      "HADAL_RENDEZVOUS_SECRET=$(openssl rand -hex 32) srun --nodes 3 --ntasks 24 hadal serve m "
      "--max-running 16 --pipeline-parallel-size 3");
}

TEST(PlanReport, GivesReasons) {
  const auto all = reasons(example({.tensor = 8, .pipeline = 1, .replicas = 4, .batch = 64}));
  ASSERT_EQ(all.size(), 5);
  EXPECT_EQ(all[0],
            "174.6 billion parameters take 349.2 GB: at least 5 devices of which each may fill "
            "72.0 GB");
  EXPECT_EQ(all[1], "tensor parallel 8 stays within a node");
  EXPECT_NE(all[2].find("twice as many would not fit"), std::string::npos) << all[2];
  EXPECT_EQ(all[3].find("a step of the first layout takes"), 0);
  EXPECT_EQ(all[4], "left out: 3 whose memory does not hold one sequence");
}

TEST(PlanReport, SaysInJsonWhatTheTableSays) {
  const Plan plan = example({.tensor = 8, .replicas = 4, .batch = 32});
  const auto json = nlohmann::json::parse(plan_json(plan, "m"));
  EXPECT_EQ(json["schema"], "hadal-plan");
  EXPECT_EQ(json["ranked"][0]["layout"]["tensor_parallel"], 8);
  EXPECT_EQ(json["launch"], launch_line(plan, "m"));
  EXPECT_EQ(json["reasons"].size(), 5);
  EXPECT_FALSE(json["ranked"][0].contains("simulated"));
  const std::string text = plan_text(plan, "m", 5);
  EXPECT_NE(text.find(fixed(json["ranked"][0]["tokens_a_second"].get<double>(), 0)),
            std::string::npos);
  EXPECT_NE(text.find("to start each of its 4 replicas"), std::string::npos);
  EXPECT_EQ(text.find("simulated"), std::string::npos);
}

TEST(PlanReport, AlignsTables) {
  EXPECT_EQ(table_text({{"a", "bb", "c"}, {"long", "1", "22"}}, 1),
            "a     bb   c\n"
            "long   1  22\n");
  EXPECT_EQ(seconds_text(0.01234), "12.3 ms");
  EXPECT_EQ(seconds_text(12.34), "12.3 s");
  EXPECT_EQ(bytes_text(1.776e12), "1.78 TB");
}

}  // namespace
}  // namespace hadal::draf::plan
