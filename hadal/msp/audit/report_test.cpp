#include "hadal/msp/audit/report.h"

#include "hadal/core/file.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/testing/paths.h"

#include <string>

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hadal::msp {
namespace {

using hadal::testing::TemporaryFolder;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// An audit of a folder with a warning, an error and a note.
AuditReport sample(const TemporaryFolder& folder) {
  at::Tensor weight = at::ones({16, 4});
  weight[3].zero_();
  write_safetensors(folder / "model.safetensors", {{"w", weight}});
  write_file(folder / "b.pkl", "cmine\nThing\n.");
  write_file(folder / "c <b>.pkl", "cos\nsystem\n.");
  return audit_model(folder.path());
}

TEST(AuditReport, PutsTheWorstFirst) {
  const TemporaryFolder folder;
  const AuditReport report = sample(folder);
  ASSERT_EQ(report.findings.size(), 3U);
  EXPECT_EQ(report.findings[0].rule, &rules::kDangerousImport);
  EXPECT_EQ(report.findings[1].rule, &rules::kUnknownImport);
  EXPECT_EQ(report.findings[2].rule, &rules::kDeadUnits);
  EXPECT_FALSE(report.is_clean());
  EXPECT_EQ(verdict_text(report), "1 error, 1 warning");
  EXPECT_EQ(report.weights.size(), 1U);
}

TEST(AuditReport, NotesAloneAreClean) {
  AuditReport report;
  report.findings = {
      {&rules::kDeadUnits, {.file = "f", .member = "w"}, {}, "1 of 16 rows are zero"}};
  EXPECT_TRUE(report.is_clean());
  EXPECT_EQ(verdict_text(report), "clean");
}

TEST(AuditReport, TellsAllInJson) {
  const TemporaryFolder folder;
  const auto json = nlohmann::json::parse(audit_json(sample(folder)));
  EXPECT_EQ(json["schema"], "hadal-audit");
  EXPECT_EQ(json["clean"], false);
  EXPECT_EQ(json["findings"][0]["rule"], "pickle/dangerous-import");
  EXPECT_EQ(json["findings"][0]["offset"], 0);
  EXPECT_EQ(json["files"].size(), 3U);
  EXPECT_EQ(json["weights"][0]["dead_rows"], 1);
}

TEST(AuditReport, WritesSarif) {
  const TemporaryFolder folder;
  const auto sarif = nlohmann::json::parse(audit_sarif(sample(folder)));
  const auto& run = sarif["runs"][0];
  const auto& result = run["results"][0];
  EXPECT_EQ(sarif["version"], "2.1.0");
  EXPECT_EQ(result["ruleId"], "pickle/dangerous-import");
  EXPECT_EQ(run["tool"]["driver"]["rules"][result["ruleIndex"].get<int>()]["id"], result["ruleId"]);
  const auto& place = result["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "c%20%3Cb%3E.pkl");
  EXPECT_EQ(place["region"]["byteOffset"], 0);
  EXPECT_EQ(run["results"][2]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
            "model.safetensors > w");
}

TEST(AuditReport, NeverTakesAFilesTextAsMarkup) {
  const TemporaryFolder folder;
  const std::string html = audit_html(sample(folder));
  EXPECT_FALSE(contains(html, "<b>"));
  EXPECT_TRUE(contains(html, "c &lt;b&gt;.pkl"));
  EXPECT_TRUE(contains(html, "1 error, 1 warning"));
}

TEST(AuditReport, TellsOnATerminalWhatToDo) {
  const TemporaryFolder folder;
  const std::string text = audit_text(sample(folder));
  EXPECT_TRUE(
      contains(text, "error  pickle/dangerous-import  c <b>.pkl\n  byte 0: imports os.system"));
  EXPECT_TRUE(contains(text, "Ask its author for safetensors."));
}

}  // namespace
}  // namespace hadal::msp
