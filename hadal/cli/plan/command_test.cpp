#include "hadal/cli/testing/call.h"
#include "hadal/core/file.h"
#include "hadal/testing/paths.h"

#include <nlohmann/json.hpp>

namespace hadal::cli {
namespace {

using testing::call;

TEST(PlanCommand, RanksLayouts) {
  const hadal::testing::TemporaryFolder folder;
  const std::string json = folder / "plan.json";
  const auto outcome = call({"plan", "gpt-20b", "--cluster", "a100-superpod", "--nodes", "1",
                             "--rate", "5", "--for", "latency", "--json", json});
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_NE(outcome.output.find("hadal launch -n 8 -- hadal serve gpt-20b"), std::string::npos)
      << outcome.output;
  EXPECT_NE(outcome.output.find("simulated, with requests as they come"), std::string::npos);
  const auto plan = nlohmann::json::parse(read_file(json));
  EXPECT_EQ(plan["goal"], "latency");
  EXPECT_GT(plan["ranked"].size(), 3);
  const auto printed = call({"plan", "gpt-20b", "--cluster", "a100-superpod", "--json", "-"});
  EXPECT_EQ(nlohmann::json::parse(printed.output)["schema"], "hadal-plan");
}

TEST(PlanCommand, ShowsTheArithmeticOfThePublishedMemory) {
  const auto outcome = call({"plan", "--memory"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.output.find("calculated"), std::string::npos);
  EXPECT_NE(outcome.output.find("together             4.23 TB   1.78 TB"), std::string::npos)
      << outcome.output;
}

TEST(PlanCommand, SaysWhatIsMissingOrWrong) {
  const auto errors = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "plan");
    const auto outcome = call(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.output, "");
    return outcome.errors;
  };
  EXPECT_EQ(errors({"--cluster", "a100-superpod"}).find("hadal: expected a model\n"), 0);
  EXPECT_EQ(errors({"gpt-20b"}).find("hadal: expected --cluster"), 0);
  EXPECT_EQ(errors({"gpt-20b", "--cluster", "a100-superpod", "--for", "speed"}),
            "hadal: expected a goal, got \"speed\"\n  one of throughput, latency, memory\n");
  EXPECT_EQ(errors({"gpt-20b", "--cluster", "a100-superpod", "--trace", "/nowhere/t.csv"})
                .find("hadal: cannot open /nowhere/t.csv"),
            0);
  const hadal::testing::TemporaryFolder folder;
  write_file(folder / "c.toml", "name = 'a'\ndevices_per_node = 0\n");
  EXPECT_NE(errors({"gpt-20b", "--cluster", folder / "c.toml"})
                .find("line 2: devices_per_node: expected an integer from 1"),
            std::string::npos);
}

}  // namespace
}  // namespace hadal::cli
