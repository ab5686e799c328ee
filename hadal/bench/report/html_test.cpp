#include "hadal/bench/report/html.h"

#include "hadal/bench/report/html_plot.h"
#include "hadal/bench/report/sample.h"
#include "hadal/core/error.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

using testing::failed_case;
using testing::kSamples;
using testing::sample_case;
using testing::sample_path;
using testing::sample_report;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(ReportHtml, HasADisclosureForEveryCase) {
  for (const char* name : kSamples) {
    const Report report = read_report(sample_path(name));
    const std::string html = to_html(report);
    for (const CaseResult& result : report.cases) {
      EXPECT_TRUE(contains(html, "<details id=\"case-" + result.id + "\"")) << result.id;
      EXPECT_TRUE(contains(html, "href=\"#case-" + result.id + "\"")) << result.id;
    }
  }
}

TEST(ReportHtml, NeverTakesAReportsTextAsMarkup) {
  const std::string html = to_html(read_report(sample_path("hostile.json")));
  EXPECT_FALSE(contains(html, "<script>window"));
  EXPECT_FALSE(contains(html, "<img"));
  EXPECT_TRUE(contains(html, "&lt;/style&gt;&lt;/script&gt;&lt;script&gt;window.pwned=1"));
}

TEST(ReportHtml, ShowsNoSpeedupOfACaseThatFailed) {
  CaseResult fast_and_wrong = sample_case("cv/one");
  fast_and_wrong.verdict = Verdict::failed;
  fast_and_wrong.quality->candidate = 0.1;
  fast_and_wrong.quality->passed = false;
  const std::string html = to_html(sample_report({fast_and_wrong}));
  EXPECT_FALSE(contains(html, "2.00x"));
  EXPECT_FALSE(contains(html, "2.00\u00d7"));
  EXPECT_TRUE(contains(html, "not judged: the case failed"));
}

TEST(ReportHtml, SaysThatARunIsPartial) {
  EXPECT_TRUE(contains(to_html(read_report(sample_path("partial.json"))), "Partial run."));
  EXPECT_FALSE(contains(to_html(read_report(sample_path("complete.json"))), "Partial run."));
}

TEST(ReportHtml, RendersARunWithoutCases) {
  EXPECT_TRUE(contains(to_html(sample_report({})), "The run has no cases."));
}

TEST(ReportHtml, RefusesAReportThatDoesNotValidate) {
  Report report = sample_report({});
  report.run_id = "";
  EXPECT_THROW(to_html(report), InvalidArgument);
}

TEST(RatioAxis, HoldsEveryIntervalAndLabelsOne) {
  const RatioAxis axis({sample_case("cv/one", {0.01, 0.009, 0.011}),
                        sample_case("cv/two", {30, 20, 40}), failed_case("cv/three")});
  for (const double ratio : {0.009, 0.01, 1.0, 40.0}) {
    EXPECT_GE(axis.percent(ratio), 0) << ratio;
    EXPECT_LE(axis.percent(ratio), 100) << ratio;
  }
  EXPECT_LT(axis.percent(0.5), axis.percent(2));
  EXPECT_LE(axis.ticks().size(), 7u);
  EXPECT_EQ(std::count(axis.ticks().begin(), axis.ticks().end(), 1.0), 1);
}

TEST(RatioAxis, KeepsToSevenTicksHoweverFarItReaches) {
  for (const double far : {3.9, 4.1, 130.0, 1e4, 1e30, 1e300}) {
    const RatioAxis axis({sample_case("cv/one", {1, 1 / far, far})});
    EXPECT_LE(axis.ticks().size(), 7u) << far;
    EXPECT_GE(axis.ticks().size(), 3u) << far;
  }
}

}  // namespace
}  // namespace hadal::bench
