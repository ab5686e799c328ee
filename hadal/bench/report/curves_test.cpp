#include "hadal/bench/report/curves.h"

#include "hadal/bench/report/html.h"
#include "hadal/bench/report/sample.h"

#include <limits>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

const std::vector<Metric> kMetrics{
    {"accuracy within 0.2", 60, "%"}, {"accuracy within 0.1", 80, "%"}, {"parameters", 3, ""},
    {"accuracy within 0.3", 20, "%"}, {"layers of 4", 1, ""},           {"layers of 8", 2, ""}};

TEST(Curves, AreMetricsWhoseNamesDifferInTheNumberAtTheEnd) {
  const std::vector<Curve> curves = curves_of(kMetrics);
  ASSERT_EQ(curves.size(), 1U);
  EXPECT_EQ(curves[0].name, "accuracy within");
  EXPECT_EQ(curves[0].unit, "%");
  ASSERT_EQ(curves[0].points.size(), 3U);
  EXPECT_EQ(curves[0].points[0].x, 0.1);
  EXPECT_EQ(curves[0].points[0].y, 80);
  EXPECT_EQ(curves[0].points[2].y, 20);
}

TEST(Curves, LeaveOutWhatIsNoNumber) {
  std::vector<Metric> metrics = kMetrics;
  metrics[1].value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(curves_of(metrics).empty());
  EXPECT_TRUE(curves_of({{"a 1x", 1, ""}, {"a 2x", 1, ""}, {"a 3x", 1, ""}}).empty());
}

TEST(Curves, ArePlottedOnThePage) {
  CaseResult result = testing::sample_case("cv/one");
  EXPECT_EQ(to_html(testing::sample_report({result})).find("class=\"curve\""), std::string::npos);
  result.metrics = kMetrics;
  const std::string html = to_html(testing::sample_report({result}));
  EXPECT_NE(html.find("class=\"curve\""), std::string::npos);
  EXPECT_NE(html.find("accuracy within 0.1: 80 %, 0.2: 60 %"), std::string::npos);
}

}  // namespace
}  // namespace hadal::bench
