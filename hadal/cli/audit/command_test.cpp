#include "hadal/cli/exit_code.h"
#include "hadal/cli/testing/call.h"
#include "hadal/core/file.h"
#include "hadal/testing/paths.h"

#include <nlohmann/json.hpp>

namespace hadal::cli {
namespace {

using hadal::testing::TemporaryFolder;
using testing::call;

TEST(AuditCommand, ItsStatusIsTheVerdict) {
  const TemporaryFolder folder;
  write_file(folder / "bad.pkl", "cos\nsystem\n.");
  write_file(folder / "good.pkl", "N.");
  EXPECT_EQ(call({"audit", folder / "good.pkl"}).status, kDone);
  const auto bad = call({"audit", folder / "bad.pkl"});
  EXPECT_EQ(bad.status, kVerdict);
  EXPECT_NE(bad.output.find("imports os.system"), std::string::npos) << bad.output;
  const auto missing = call({"audit", folder / "missing.pkl"});
  EXPECT_EQ(missing.status, kUnusable);
  EXPECT_EQ(missing.output, "");
}

TEST(AuditCommand, WritesEachFormat) {
  const TemporaryFolder folder;
  write_file(folder / "bad.pkl", "cos\nsystem\n.");
  const auto outcome = call({"audit", folder / "bad.pkl", "--json", folder / "a.json", "--html",
                             folder / "a.html", "--sarif", "-"});
  EXPECT_EQ(nlohmann::json::parse(outcome.output)["version"], "2.1.0");
  EXPECT_EQ(nlohmann::json::parse(read_file(folder / "a.json"))["schema"], "hadal-audit");
  EXPECT_EQ(read_file(folder / "a.html").find("<!DOCTYPE html>"), 0U);
}

}  // namespace
}  // namespace hadal::cli
