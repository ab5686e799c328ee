#include "hadal/cli/program.h"

#include "hadal/cli/exit_code.h"
#include "hadal/cli/testing/call.h"

namespace hadal::cli {
namespace {

using testing::call;

TEST(Program, HelpsWithoutAnError) {
  for (const auto& arguments : {std::vector<std::string>{"--help"},
                                {"bench", "--help"},
                                {"bench", "run", "--help"},
                                {"bench", "compare", "--help"},
                                {"launch", "--help"}}) {
    const auto outcome = call(arguments);
    EXPECT_EQ(outcome.status, kDone);
    EXPECT_NE(outcome.output.find("Usage: "), std::string::npos) << outcome.output;
    EXPECT_EQ(outcome.errors, "");
  }
}

TEST(Program, TellsItsVersion) {
  const auto outcome = call({"--version"});
  EXPECT_EQ(outcome.status, kDone);
  EXPECT_TRUE(outcome.output.starts_with("hadal 0.")) << outcome.output;
  EXPECT_NE(outcome.output.find("LibTorch 2."), std::string::npos) << outcome.output;
}

TEST(Program, RefusesWhatItDoesNotKnow) {
  for (const auto& arguments : {std::vector<std::string>{},
                                {"bench"},
                                {"dive"},
                                {"launch", "-n", "2"},
                                {"launch", "true"},
                                {"launch", "-n", "0", "true"},
                                {"bench", "run", "--fast"},
                                {"bench", "compare", "a.json"},
                                {"bench", "run", "--quick", "--full"},
                                {"bench", "run", "--seed", "many"},
                                {"bench", "run", "--threads", "-1"}}) {
    const auto outcome = call(arguments);
    EXPECT_EQ(outcome.status, kUnusable) << (arguments.empty() ? "" : arguments.back());
    EXPECT_NE(outcome.errors, "");
    EXPECT_EQ(outcome.output, "");
  }
}

TEST(Program, GivesAFileAtFaultOneLineAndAHint) {
  const auto outcome = call({"bench", "report", "/nowhere/report.json"});
  EXPECT_EQ(outcome.status, kUnusable);
  EXPECT_EQ(outcome.errors,
            "hadal: cannot open /nowhere/report.json: No such file or directory\n"
            "  check the path\n");
}

}  // namespace
}  // namespace hadal::cli
