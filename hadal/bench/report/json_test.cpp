#include "hadal/bench/report/json.h"

#include "hadal/bench/report/sample.h"
#include "hadal/core/error.h"

#include <cmath>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

using hadal::testing::error_of;
using testing::failed_case;
using testing::kSamples;
using testing::sample_case;
using testing::sample_path;
using testing::sample_report;
using testing::sample_text;

std::string refusal_of(const std::string& text) {
  return error_of<FormatError>([&] { report_from_json(text, "r.json"); });
}

/// failed.json with the first `from` in it replaced.
std::string changed(std::string_view from, std::string_view to) {
  std::string text = sample_text("failed.json");
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ReportJson, WritesTheSamplesThatAnotherWriterMadeByteForByte) {
  for (const char* name : kSamples) {
    const std::string text = sample_text(name);
    // EXPECT_EQ would print both of the long texts.
    EXPECT_TRUE(to_json(report_from_json(text, name)) == text) << name;
  }
}

TEST(ReportJson, ReadsTheValuesOfASample) {
  const Report report = read_report(sample_path("complete.json"));
  EXPECT_EQ(report.seed, 18446744073709551615u);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.environment.memory_bytes, 25769803776);
  ASSERT_EQ(report.cases.size(), 10u);
  EXPECT_EQ(report.cases[0].quality->bound, QualityResult::Bound::at_most);
  EXPECT_EQ(report.cases[0].metrics[0].value, 51539607552.0);
  EXPECT_EQ(report.cases[3].domain, Domain::cv);
  EXPECT_EQ(report.cases[0].verdict, Verdict::better);
  EXPECT_FALSE(report.cases[9].speed);
  EXPECT_EQ(report.cases[9].data.sha256, "");
  EXPECT_EQ(report.claims[2].id, "c");
  EXPECT_FALSE(report.claims[0].measured);
}

TEST(ReportJson, WritesNumbersThatAreNoneAsNull) {
  CaseResult result = failed_case("cv/one");
  result.quality = QualityResult{.metric = "loss",
                                 .baseline = std::numeric_limits<double>::infinity(),
                                 .candidate = std::nan(""),
                                 .target = 1};
  result.metrics = {{"m", -std::numeric_limits<double>::infinity(), ""}};
  const Report again = report_from_json(to_json(sample_report({result})), "r.json");
  EXPECT_TRUE(std::isnan(again.cases[0].quality->baseline));
  EXPECT_TRUE(std::isnan(again.cases[0].quality->candidate));
  EXPECT_TRUE(std::isnan(again.cases[0].metrics[0].value));
}

TEST(ReportJson, ReplacesBytesThatAreNotUtf8) {
  CaseResult result = sample_case("cv/one");
  result.summary = "caf\xe9!";
  const Report again = report_from_json(to_json(sample_report({result})), "r.json");
  EXPECT_EQ(again.cases[0].summary, "caf\ufffd!");
}

TEST(ReportJson, KeepsEveryBitOfANumber) {
  CaseResult result = sample_case("cv/one");
  result.seconds = 0.1 + 0.2;
  result.metrics = {{"a", 5e-324, ""}, {"b", std::numeric_limits<double>::max(), ""}};
  const Report again = report_from_json(to_json(sample_report({result})), "r.json");
  EXPECT_EQ(again.cases[0].seconds, 0.1 + 0.2);
  EXPECT_EQ(again.cases[0].metrics[0].value, 5e-324);
  EXPECT_EQ(again.cases[0].metrics[1].value, std::numeric_limits<double>::max());
}

TEST(ReportJson, DoesNotWriteAReportThatDoesNotValidate) {
  Report report = sample_report({sample_case("cv/one")});
  report.scale = "huge";
  EXPECT_EQ(error_of<InvalidArgument>([&] { to_json(report); }),
            "scale: expected \"quick\" or \"full\", found \"huge\"");
}

TEST(ReportJson, RefusesWhatIsNotJson) {
  for (const std::string text : {"", "{", "hello", "{\"schema\": NaN}", "{} {}", "\"\xff\"",
                                 "{\"a\": 1e999}", "{\"a\": \"\x01\"}"}) {
    EXPECT_NE(refusal_of(text).find("invalid JSON: "), std::string::npos) << text;
  }
  // What another reader might see after the NUL would not be what was judged.
  EXPECT_EQ(
      refusal_of(sample_text("failed.json") + '\0'),
      concat("r.json: byte ", sample_text("failed.json").size(), ": the text contains a NUL"));
  EXPECT_EQ(refusal_of("[]"), "r.json: the report: expected an object, found an array");
  EXPECT_EQ(refusal_of("null"), "r.json: the report: expected an object, found null");
}

TEST(ReportJson, RefusesDeepNesting) {
  const std::string expected = "r.json: nested more than 8 levels deep";
  EXPECT_EQ(refusal_of(std::string(9, '[')), expected);
  EXPECT_EQ(refusal_of(std::string(1'000'000, '[')), expected);
  std::string objects;
  for (int i = 0; i < 9; ++i) objects += "{\"a\":";
  EXPECT_EQ(refusal_of(objects), expected);
}

TEST(ReportJson, RefusesRepeatedMembers) {
  EXPECT_EQ(refusal_of(changed("\"seed\": ", "\"scale\": \"full\", \"seed\": ")),
            "r.json: the key \"scale\" comes twice");
  // The same name in two objects is no repetition; with an escape it is.
  EXPECT_EQ(refusal_of(changed("\"seed\": ", "\"sc\\u0061le\": \"full\", \"seed\": ")),
            "r.json: the key \"scale\" comes twice");
}

TEST(ReportJson, RefusesMissingAndFurtherMembersWithTheirPath) {
  EXPECT_EQ(refusal_of(changed("\"isa\": \"avx512_bf16\",", "")),
            "r.json: environment.isa: expected this member, found none");
  EXPECT_EQ(refusal_of(changed("\"isa\": ", "\"is\\u001ba\": [1], \"isa\": ")),
            "r.json: environment.\"is\\u001ba\": expected no such member, found an array");
  EXPECT_EQ(refusal_of(changed("\"metric\": ", "\"extra\": 1, \"metric\": ")),
            "r.json: cases[0].quality.\"extra\": expected no such member, found 1");
}

TEST(ReportJson, RefusesValuesOfAWrongTypeWithTheirPath) {
  EXPECT_EQ(refusal_of(changed("\"complete\": true", "\"complete\": 1")),
            "r.json: complete: expected true or false, found 1");
  EXPECT_EQ(refusal_of(changed("\"scale\": \"quick\"", "\"scale\": null")),
            "r.json: scale: expected a text, found null");
  EXPECT_EQ(refusal_of(changed("\"noise_floor\": ", "\"noise_floor\": {}, \"was\": ")),
            "r.json: noise_floor: expected a number, found an object");
  EXPECT_EQ(refusal_of(changed("\"cores\": 2", "\"cores\": 2.0")),
            "r.json: environment.cores: expected an integer from -2147483648 to 2147483647, found "
            "2.0");
  EXPECT_EQ(refusal_of(changed("\"cores\": 2", "\"cores\": 2147483648")),
            "r.json: environment.cores: expected an integer from -2147483648 to 2147483647, found "
            "2147483648");
  EXPECT_EQ(refusal_of(changed("\"seed\": 18446744073709551615", "\"seed\": -1")),
            "r.json: seed: expected an integer from 0 to 18446744073709551615, found -1");
  EXPECT_EQ(refusal_of(changed("\"verdict\": \"failed\"", "\"verdict\": \"good\"")),
            "r.json: cases[0].verdict: expected one of \"better\", \"same\", \"worse\", "
            "\"inconclusive\", \"failed\", \"skipped\", found \"good\"");
  EXPECT_EQ(refusal_of(changed("\"cases\": [", "\"cases\": [7, ")),
            "r.json: cases[0]: expected an object, found 7");
  EXPECT_EQ(refusal_of(changed("\"metrics\": []", "\"metrics\": \"none\"")),
            "r.json: cases[0].metrics: expected an array, found \"none\"");
}

TEST(ReportJson, RefusesAnotherSchemaOrVersionSayingWhatToDo) {
  EXPECT_EQ(refusal_of(changed("\"hadal-bench-report\"", "\"other\"")),
            "r.json: schema: expected \"hadal-bench-report\", found \"other\"");
  EXPECT_EQ(refusal_of("{}"), "r.json: schema: expected \"hadal-bench-report\", found none");
  EXPECT_EQ(refusal_of("{\"schema\": \"hadal-bench-report\"}"),
            "r.json: schema_version: expected 1, the version that this build reads, found none");
  try {
    report_from_json(changed("\"schema_version\": 1", "\"schema_version\": 2"), "r.json");
    FAIL() << "version 2 was accepted";
  } catch (const FormatError& error) {
    EXPECT_STREQ(error.what(),
                 "r.json: schema_version: expected 1, the version that this build reads, found 2");
    EXPECT_NE(error.hint().find("run the benchmarks again"), std::string::npos);
  }
}

TEST(ReportJson, RefusesWhatDoesNotValidate) {
  EXPECT_EQ(refusal_of(changed("\"scale\": \"quick\"", "\"scale\": \"huge\"")),
            "r.json: scale: expected \"quick\" or \"full\", found \"huge\"");
}

TEST(ReportJson, ShowsNoControlCharacterAndNoEndlessTextOfWhatItRefuses) {
  const std::string found = "\"\\u009b" + std::string(500, 'x') + "\"";
  const std::string refusal = refusal_of(changed("\"complete\": true", "\"complete\": " + found));
  EXPECT_LT(refusal.size(), 150u);
  EXPECT_EQ(refusal.find("\u009b"), std::string::npos) << refusal;
}

TEST(ReportJson, RefusesAFileThatIsTooLargeWithoutReadingIt) {
  const hadal::testing::TemporaryFolder folder;
  std::ofstream(folder / "large.json").put('{');
  std::filesystem::resize_file(folder / "large.json", (std::uintmax_t{64} << 20) + 1);
  EXPECT_NE(error_of<FormatError>([&] { read_report(folder / "large.json"); }).find("large.json"),
            std::string::npos);
  EXPECT_THROW(read_report(folder / "absent.json"), IoError);
}

}  // namespace
}  // namespace hadal::bench
