#include "hadal/msp/scan/scan.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/msp/scan/test_support.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <algorithm>
#include <set>
#include <string>

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

using hadal::testing::TemporaryFolder;
using testing::rules_of;
using namespace std::string_literals;

TEST(Rules, HaveTheirOwnIdsAndKnownTaxa) {
  std::set<std::string_view> ids;
  const auto knows = [](std::span<const Taxon> taxa, std::string_view id) {
    return std::ranges::find(taxa, id, &Taxon::id) != taxa.end();
  };
  for (const Rule* rule : all_rules()) {
    EXPECT_TRUE(ids.insert(rule->id).second) << rule->id;
    EXPECT_TRUE(knows(atlas_taxa(), rule->atlas)) << rule->id;
    EXPECT_TRUE(knows(owasp_taxa(), rule->owasp)) << rule->id;
    EXPECT_FALSE(rule->help.empty()) << rule->id;
  }
}

TEST(ScanModel, ListsTheFilesOfAFolder) {
  const TemporaryFolder folder;
  make_folder(folder / "sub");
  write_file(folder / "sub/bad.pkl", "cos\nsystem\n.");
  write_safetensors(folder / "model.safetensors", {{"a", at::arange(4)}});
  const ScanReport report = scan_model(folder.path());
  ASSERT_EQ(report.files.size(), 2U);
  EXPECT_EQ(report.files[0].path, "model.safetensors");
  EXPECT_EQ(report.files[0].kind, "safetensors");
  EXPECT_EQ(report.files[1].path, "sub/bad.pkl");
  EXPECT_EQ(report.files[1].bytes, 12U);
  EXPECT_EQ(report.files[1].sha256, sha256("cos\nsystem\n."));
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].place.file, "sub/bad.pkl");
}

TEST(ScanModel, SaysWhatCannotBeScanned) {
  const TemporaryFolder folder;
  EXPECT_NE(hadal::testing::error_of<InvalidArgument>([&] {
              scan_model(folder.path());
            }).find("holds no file"),
            std::string::npos);
  EXPECT_THROW(scan_model(folder / "missing.pt"), IoError);
}

TEST(ContentScan, FindsProgramsAndCodeAndWhatIsUnknown) {
  EXPECT_EQ(rules_of("\x7f"
                     "ELF" +
                         std::string(60, '\0'),
                     "weights.bin"),
            "scan/embedded-payload");
  EXPECT_EQ(rules_of("print(1)\n", "modeling.py"), "scan/python-code");
  EXPECT_EQ(rules_of("\x01\x02\x03", "weights.bin"), "scan/unknown-format");
  EXPECT_EQ(rules_of("A model's description.\n", "README.md"), "");
}

TEST(ContentScan, FindsWhatConfigurationsRun) {
  EXPECT_EQ(rules_of(R"({"auto_map": {"AutoModel": "m.M"}})", "config.json"), "config/remote-code");
  EXPECT_EQ(rules_of(R"({"auto_map": {}, "hidden_size": 8})", "config.json"), "");
  EXPECT_EQ(rules_of(R"({"a": [{"chat_template": "{{ x.__class__.__mro__ }}"}]})", "t.json"),
            "config/template-escape");
  EXPECT_EQ(rules_of("{{ x.__globals__ }}", "chat.jinja"), "config/template-escape");
  EXPECT_EQ(rules_of(R"({"chat_template": "{{ m.role }}"})", "t.json"), "");
}

TEST(ContentScan, FindsWhatSafetensorsHide) {
  const auto file = [](const std::string& name, const std::string& data) {
    const std::string header = "{\"" + name + "\":{\"dtype\":\"U8\",\"shape\":[" +
                               std::to_string(data.size()) + "],\"data_offsets\":[0," +
                               std::to_string(data.size()) + "]}}";
    std::string length(8, '\0');
    length[0] = static_cast<char>(header.size());
    return length + header + data;
  };
  EXPECT_EQ(rules_of(file("a", "abc"), "a.safetensors"), "");
  EXPECT_EQ(rules_of(file("a", "abc") + "x", "a.safetensors"), "safetensors/malformed");
  EXPECT_EQ(rules_of(file("../a", "abc"), "a.safetensors"), "safetensors/odd-name");
  EXPECT_EQ(rules_of(file("a",
                          "\x80\x02"
                          "cos\nsystem\n."),
                     "a.safetensors"),
            "scan/embedded-payload");
}

}  // namespace
}  // namespace hadal::msp
