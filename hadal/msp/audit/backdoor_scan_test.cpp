#include "hadal/msp/audit/backdoor_scan.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/models/glyph_cnn.h"
#include "hadal/models/small_cnn.h"
#include "hadal/models/state.h"
#include "hadal/msp/audit/html_backdoor.h"
#include "hadal/msp/audit/network.h"
#include "hadal/msp/audit/picture.h"
#include "hadal/msp/audit/report.h"
#include "hadal/testing/paths.h"

#include <cmath>
#include <filesystem>
#include <string>

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hadal::msp {
namespace {

using hadal::testing::TemporaryFolder;

void write_glyph_cnn(const std::filesystem::path& path, std::uint64_t seed) {
  seed_aten(seed);
  write_safetensors(path, models::state(*models::GlyphCnn(3)));
}

BackdoorScanOptions quick() {
  seed_aten(9);
  return {.images = at::rand({8, 1, 28, 28}), .search = {.steps = 1, .batch = 4}};
}

/// A scan as its report shows it, with a trigger that is far smaller for class 1.
BackdoorScan sample_scan() {
  BackdoorScan scan{.architecture = "glyph-cnn", .images = 8};
  for (const double size : {40.0, 3.0, 50.0}) {
    const ReversedTrigger trigger{.size = size, .success = 0.99, .picture = at::rand({1, 28, 28})};
    scan.classes.push_back({.mask = trigger, .change = trigger, .mask_index = 50 / size});
  }
  scan.suspect = 1;
  return scan;
}

TEST(RecognizeNetwork, KnowsANetworkByItsTensors) {
  const TemporaryFolder folder;
  write_glyph_cnn(folder / "a.safetensors", 1);
  const LoadedNetwork glyph = recognize_network(SafetensorsReader(folder / "a.safetensors"));
  EXPECT_EQ(glyph.name, "glyph-cnn");
  EXPECT_EQ(glyph.classes, 3);
  write_safetensors(folder / "b.safetensors", models::state(*models::SmallCnn(5)));
  const LoadedNetwork small = recognize_network(SafetensorsReader(folder / "b.safetensors"));
  EXPECT_EQ(small.name, "small-cnn");
  EXPECT_EQ(small.classify(at::rand({2, 1, 28, 28})).size(1), 5);
  EXPECT_THROW(small.classify(at::rand({2, 3, 28, 28})), InvalidArgument);
  write_safetensors(folder / "c.safetensors", {{"linear.weight", at::ones({4, 64})}});
  EXPECT_THROW(recognize_network(SafetensorsReader(folder / "c.safetensors")), InvalidArgument);
}

TEST(BackdoorScan, LooksAtEachClassAndRanksAmongCleanModels) {
  const TemporaryFolder folder;
  write_glyph_cnn(folder / "model.safetensors", 1);
  std::filesystem::create_directory(folder / "clean");
  BackdoorScanOptions options = quick();
  EXPECT_FALSE(scan_for_backdoor(folder / "model.safetensors", options).decision);
  options.clean = folder / "clean";
  for (int i = 0; i < 20; ++i) {
    if (i == 19) {  // one too few
      EXPECT_THROW(scan_for_backdoor(folder / "model.safetensors", options), InvalidArgument);
    }
    write_glyph_cnn(folder / ("clean/" + std::to_string(i) + ".safetensors"), 100 + i);
  }
  const BackdoorScan scan = scan_for_backdoor(folder / "model.safetensors", options);
  EXPECT_EQ(scan.architecture, "glyph-cnn");
  EXPECT_EQ(scan.images, 8);
  ASSERT_EQ(scan.classes.size(), 3U);
  EXPECT_EQ(scan.clean_models, 20U);
  ASSERT_TRUE(scan.decision);
  EXPECT_GE(scan.decision->p, 1.0 / 21);
  EXPECT_EQ(scan.suspect, scan.decision->place % 3);
}

TEST(BackdoorScan, RefusesWhatItCannotRun) {
  const TemporaryFolder folder;
  write_glyph_cnn(folder / "model.safetensors", 1);
  BackdoorScanOptions options = quick();
  options.images = options.images * 255;
  EXPECT_THROW(scan_for_backdoor(folder / "model.safetensors", options), InvalidArgument);
  options.images = at::rand({8, 28, 28});
  EXPECT_THROW(scan_for_backdoor(folder / "model.safetensors", options), InvalidArgument);
  options.images = at::rand({1, 1, 4'000, 4'000});
  EXPECT_THROW(scan_for_backdoor(folder / "model.safetensors", options), Unsupported);
  models::GlyphCnn odd(3);
  at::Tensor bias = models::state(*odd)["linear.bias"];
  bias.fill_(NAN);
  write_safetensors(folder / "odd.safetensors", models::state(*odd));
  EXPECT_THROW(scan_for_backdoor(folder / "odd.safetensors", quick()), InvalidArgument);
}

TEST(BackdoorScan, AFindingNeedsCleanModels) {
  BackdoorScan scan = sample_scan();
  Findings findings;
  judge_backdoor(scan, {.file = "m", .member = {}}, findings);
  ASSERT_EQ(findings.all().size(), 1U);
  EXPECT_EQ(findings.all()[0].rule, &rules::kSmallTrigger);
  EXPECT_FALSE(findings.any());
  scan.decision = BackdoorDecision{.statistic = 9, .place = 1, .p = 1.0 / 39};
  judge_backdoor(scan, {.file = "m", .member = {}}, findings);
  ASSERT_EQ(findings.all().size(), 2U);
  EXPECT_EQ(findings.all()[1].rule, &rules::kBackdoor);
  EXPECT_NE(findings.all()[1].text.find("class 1: a mask of 3.0 pixels turns 99 %"),
            std::string::npos);
  scan.decision->p = 0.5;
  judge_backdoor(scan, {.file = "m", .member = {}}, findings);
  EXPECT_EQ(findings.all().size(), 2U);
}

TEST(BackdoorScan, ShowsTriggersTheSuspectFirst) {
  BackdoorScan scan = sample_scan();
  scan.decision = BackdoorDecision{.statistic = 9, .place = 1, .p = 1.0 / 39};
  const std::string html = backdoor_section(scan).html();
  EXPECT_NE(html.find("<th scope=\"row\">1 <span class=\"badge error\">backdoor"),
            std::string::npos);
  EXPECT_LT(html.find("<th scope=\"row\">1 "), html.find("<th scope=\"row\">0<"));
  EXPECT_NE(html.find("src=\"data:image/png;base64,iVBORw0KGgo"), std::string::npos);
  EXPECT_NE(html.find("p = 0.0256"), std::string::npos);
}

TEST(AuditReport, TellsOfTheBackdoorScan) {
  const TemporaryFolder folder;
  write_glyph_cnn(folder / "model.safetensors", 1);
  const AuditReport plain = audit_model(folder / "model.safetensors");
  EXPECT_TRUE(nlohmann::json::parse(audit_json(plain))["backdoor"].is_null());
  const AuditReport report = audit_model(folder.path(), quick());
  const auto json = nlohmann::json::parse(audit_json(report));
  EXPECT_EQ(json["backdoor"]["architecture"], "glyph-cnn");
  EXPECT_EQ(json["backdoor"]["classes"].size(), 3U);
  EXPECT_TRUE(json["backdoor"]["p"].is_null());
  EXPECT_NE(audit_text(report).find("ran        glyph-cnn of 3 classes on 8 images"),
            std::string::npos);
  EXPECT_NE(audit_html(report).find("<h2 id=\"triggers\">"), std::string::npos);
}

TEST(Picture, IsAPngOfItsBytes) {
  const std::string png = png_of(at::full({3, 2, 5}, 0.5F));
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  // Width 5, height 2, 8 bits, colour.
  EXPECT_EQ(png.substr(16, 10), std::string("\0\0\0\5\0\0\0\2\x08\x02", 10));
  EXPECT_EQ(png.substr(png.size() - 8), "IEND\xae\x42\x60\x82");  // with the known checksum
  EXPECT_THROW(png_of(at::zeros({2, 4, 4})), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
