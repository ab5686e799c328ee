#include "hadal/bench/report/text.h"

#include "hadal/bench/report/sample.h"
#include "hadal/core/columns.h"
#include "hadal/core/text.h"

#include <sstream>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

using testing::failed_case;
using testing::kSamples;
using testing::sample_case;
using testing::sample_path;
using testing::sample_report;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void expect_fit_for_a_terminal(const std::string& text) {
  for (const std::string& line : lines_of(text)) {
    EXPECT_LE(columns_of(line), 100u) << line;
    EXPECT_EQ(printable(line), line);
  }
}

TEST(SummaryTable, KeepsToTheColumnsAndShowsNoControlCharacter) {
  for (const char* name : kSamples) {
    SCOPED_TRACE(name);
    expect_fit_for_a_terminal(summary_table(read_report(sample_path(name))));
  }
}

TEST(SummaryTable, KeepsToTheColumnsWhateverTheLengthOfAnIdOrNumber) {
  CaseResult extreme = sample_case("cv/" + std::string(300, 'x'), {2e-300, 1e-300, 3e300});
  extreme.verdict = Verdict::worse;
  extreme.cost->baseline_peak_bytes = INT64_MAX;
  extreme.cost->candidate_peak_bytes = INT64_MAX;
  extreme.quality->candidate = 1.234e-300;
  extreme.quality->target = -1;
  expect_fit_for_a_terminal(summary_table(sample_report({extreme})));
}

TEST(SummaryTable, ShowsEachCaseInALine) {
  const auto lines =
      lines_of(summary_table(sample_report({sample_case("cv/one"), failed_case("cv/two")})));
  ASSERT_GE(lines.size(), 3u);
  EXPECT_EQ(lines[1], "cv/one  better   2.00x [1.90, 2.10]  0.9 ok   100 MiB -> 50.0 MiB");
  EXPECT_EQ(lines[2], "cv/two  failed   -                   -        -");
}

TEST(SummaryTable, ShowsNoSpeedupOfACaseThatFailed) {
  CaseResult fast_and_wrong = sample_case("cv/one");
  fast_and_wrong.verdict = Verdict::failed;
  fast_and_wrong.quality->candidate = 0.1;
  fast_and_wrong.quality->passed = false;
  const std::string text = summary_table(sample_report({fast_and_wrong}));
  EXPECT_EQ(text.find("2.00x"), std::string::npos) << text;
  EXPECT_NE(text.find("0.1 missed"), std::string::npos) << text;
}

TEST(SummaryTable, ExplainsWhatFailedOrGotWorse) {
  CaseResult worse = sample_case("cv/slow", {0.5, 0.4, 0.6});
  worse.verdict = Verdict::worse;
  worse.message = "It is slower.";
  const std::string text =
      summary_table(sample_report({sample_case("cv/one"), worse, failed_case("cv/two")}));
  EXPECT_NE(text.find("\ncv/slow worse:\n  It is slower.\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\ncv/two failed:\n  It threw.\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("cv/one better:"), std::string::npos) << text;
}

TEST(SummaryTable, CountsVerdictsAndStatesTheNoiseFloor) {
  const std::string text =
      summary_table(sample_report({sample_case("cv/one"), failed_case("cv/two")}));
  EXPECT_NE(text.find("2 cases: 1 better, 0 same, 0 worse, 0 inconclusive, 1 failed, 0 skipped\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("Noise floor 1.0 %"), std::string::npos) << text;
  EXPECT_NE(summary_table(sample_report({sample_case("cv/one")})).find("1 case: "),
            std::string::npos);
}

TEST(SummaryTable, SaysThatARunIsPartial) {
  EXPECT_NE(summary_table(read_report(sample_path("partial.json"))).find("Partial: "),
            std::string::npos);
  EXPECT_EQ(summary_table(read_report(sample_path("complete.json"))).find("Partial: "),
            std::string::npos);
}

}  // namespace
}  // namespace hadal::bench
