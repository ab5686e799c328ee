#include "hadal/hpts/precision/plan_file.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/hpts/precision/exercise.h"
#include "hadal/hpts/precision/fields.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using hadal::testing::source_path;
using hadal::testing::without_json_reason;

std::filesystem::path corpus() { return source_path("hadal/hpts/precision/testdata/corpus"); }

/// What each malformed file of the corpus is refused with.
const std::map<std::string, std::string> kRefusals = {
    {"change_beyond_steps.json", "history.changes[0]: step 3 is beyond the 3 steps"},
    {"change_of_unknown_layer.json", R"(history.changes[0]: there is no layer "a")"},
    {"change_from_other_plan.json", "history.changes[0]: the layer did not do what `from` says"},
    {"layer_twice.json", R"(history.layers[1]: "a" comes twice)"},
    {"start_missing.json", "history.start: expected a plan for each of 1 layers, found 0"},
    {"steps_negative.json", "history.steps: expected 0 or more"},
    {"unknown_precision.json",
     R"(plan.layers."fc".compute: expected one of "fp32", "bf16", "fp16", found "fp8")"},
    {"unknown_field.json", R"(plan.layers."fc".saved: expected this member, found none)"},
    {"further_member.json", R"("extra": expected no such member, found 1)"},
    {"no_plan.json", "plan: expected this member, found none"},
    {"other_schema.json", R"(schema: expected "hadal-precision-plan", found "hadal-bench-report")"},
    {"other_version.json",
     "schema_version: expected 1, the version that this build reads, found 2"},
    {"layer_name_twice.json", R"(the key "fc" comes twice)"},
    {"cut.json", "near byte 180: invalid JSON: "},
    {"nested.json", "nested more than 6 levels deep"},
    {"empty.json", "near byte 0: invalid JSON: "},
};

TEST(PlanFileCorpus, IsReadOrRefusedWithThePlace) {
  std::size_t valid = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus())) {
    const std::string file = entry.path().filename().string();
    const std::string text = read_file(entry.path());
    const std::string error =
        without_json_reason(error_of<FormatError>([&] { plan_file_from_json(text, "F"); }));
    if (const auto known = kRefusals.find(file); known != kRefusals.end()) {
      EXPECT_EQ(error, "F: " + known->second) << file;
    } else {
      EXPECT_EQ(error, "no error") << file;
      ++valid;
    }
    for (std::size_t size = 0; size <= text.size(); ++size) {
      EXPECT_NO_THROW(exercise_plan(text.substr(0, size))) << file;
    }
  }
  EXPECT_EQ(valid, 4U);
}

TEST(PlanFile, ReadsBackWhatWasWritten) {
  const hadal::testing::TemporaryFolder folder;
  const PlanFile file = read_plan_file(corpus() / "valid_history.json");
  ASSERT_TRUE(file.history);
  EXPECT_EQ(file.plan.of("fc").compute, Precision::fp32);
  EXPECT_EQ(file.plan.of("other").saved, SavedFormat::int8_blocks);
  write_plan_file(folder / "plan.json", file);
  EXPECT_EQ(read_plan_file(folder / "plan.json"), file);
}

template <class Class, class... Members>
void expect_all_written(const Class* object, const Members&...) {
  EXPECT_EQ(std::tuple_size_v<decltype(fields_of(object))>, sizeof...(Members));
}

// Structured bindings must name every member of a struct: whoever adds one has to add it here, and
// then to its list of fields.
TEST(PlanFile, ListsEveryMemberOfEachStruct) {
  {
    const auto& [a, b] = LayerPlan{};
    expect_all_written<LayerPlan>(nullptr, a, b);
  }
  {
    const auto& [a, b] = PrecisionPlan{};
    expect_all_written<PrecisionPlan>(nullptr, a, b);
  }
  {
    const auto& [a, b, c, d, e] = PlanChange{};
    expect_all_written<PlanChange>(nullptr, a, b, c, d, e);
  }
  {
    const auto& [a, b, c, d, e] = PlanHistory{};
    expect_all_written<PlanHistory>(nullptr, a, b, c, d, e);
  }
  {
    const auto& [a, b] = PlanFile{};
    expect_all_written<PlanFile>(nullptr, a, b);
  }
}

TEST(PlanHistory, CountsLayersOverTime) {
  const LayerPlan exact{};
  const LayerPlan half{Precision::fp16, SavedFormat::int8_blocks};
  const PlanHistory history{
      .policy = "p",
      .layers = {"a", "b"},
      .start = {exact, exact},
      .changes = {{3, "a", exact, half, ""}, {3, "b", exact, half, ""}, {7, "a", half, exact, ""}},
      .steps = 9};
  validate(history);
  EXPECT_EQ(counts_over_time(history),
            (std::vector<PlanCounts>{
                {0, {2, 0, 0}, {2, 0, 0}}, {4, {0, 0, 2}, {0, 0, 2}}, {8, {1, 0, 1}, {1, 0, 1}}}));
  const std::string text = history_text(history, Precision::bf16);
  EXPECT_NE(text.find("b                                fp16 (runs in bf16)  int8_blocks"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n       8           1           0           1"), std::string::npos) << text;
}

TEST(PlanPlot, DrawsASpanOfEachLayerAndEscapesNames) {
  const LayerPlan exact{};
  const LayerPlan half{Precision::fp16, SavedFormat::exact};
  const PlanHistory history{.policy = "<p>",
                            .layers = {"a<b>", "c"},
                            .start = {exact, exact},
                            .changes = {{4, "a<b>", exact, half, ""}},
                            .steps = 10};
  const std::string html = plan_page(history, Precision::bf16);
  EXPECT_EQ(html.find("<b>a"), std::string::npos);
  EXPECT_NE(html.find("a&lt;b&gt;: fp32, steps 0 to 5</title>"), std::string::npos);
  EXPECT_NE(html.find("a&lt;b&gt;: fp16, steps 5 to 10</title>"), std::string::npos);
  EXPECT_NE(html.find("fp16 (runs in bf16)"), std::string::npos);
  std::size_t spans = 0;
  for (std::size_t at = html.find("<rect"); at != html.npos; at = html.find("<rect", at + 1))
    ++spans;
  EXPECT_EQ(spans, 3U + 2U);  // computes, saves
}

TEST(CheckLayers, NamesTheNearestLayers) {
  const std::vector<Layer> layers{
      {.name = "layer1.conv1"}, {.name = "layer1.conv2"}, {.name = "layer2.conv1"}, {.name = "fc"}};
  PrecisionPlan plan;
  plan.layers["fc"] = {};
  EXPECT_NO_THROW(check_layers(plan, layers, "plan.json"));
  plan.layers["layer1.conv"] = {};
  EXPECT_EQ(error_of<InvalidArgument>([&] { check_layers(plan, layers, "plan.json"); }),
            "plan.json: the model has no layer \"layer1.conv\" (nearest: \"layer1.conv1\", "
            "\"layer1.conv2\", \"layer2.conv1\")");
  for (int i = 0; i < 10; ++i) plan.layers[concat("x", i)] = {};
  EXPECT_NE(error_of<InvalidArgument>([&] { check_layers(plan, {}, "p"); }).find("; and 7 more"),
            std::string::npos);
}

}  // namespace
}  // namespace hadal::hpts
