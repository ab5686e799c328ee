#include "hadal/draf/server/metrics.h"

#include <array>

#include <gtest/gtest.h>

namespace hadal::draf::server {
namespace {

constexpr std::array kBounds = {0.5, 1.0, 2.0};

TEST(Histogram, CountsUpToEachBound) {
  Histogram histogram(kBounds);
  histogram.add(0.5);
  histogram.add(0.75, 2);
  histogram.add(3);
  EXPECT_EQ(histogram.text("h", "Help."),
            "# HELP h Help.\n# TYPE h histogram\n"
            "h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"2\"} 3\n"
            "h_bucket{le=\"+Inf\"} 4\nh_sum 5.0\nh_count 4\n");
}

TEST(Metrics, CountRepliesByPathAndStatus) {
  Metrics metrics;
  metrics.count_reply("/a", 200);
  metrics.count_reply("/a", 200);
  metrics.count_reply("/a", 404);
  const std::string text =
      metrics.text({.kept = 0.25, .sums = {.bytes = 7, .seconds = 4, .waited = 1}});
  EXPECT_NE(text.find("hadal_http_replies_total{path=\"/a\",status=\"200\"} 2\n"), text.npos);
  EXPECT_NE(text.find("hadal_http_replies_total{path=\"/a\",status=\"404\"} 1\n"), text.npos);
  EXPECT_NE(text.find("\nhadal_attention_kept_ratio 0.25\n"), text.npos);
  EXPECT_NE(text.find("\nhadal_communication_bytes_total{kind=\"sums\"} 7\n"), text.npos);
  EXPECT_NE(text.find("\nhadal_communication_hidden_ratio{kind=\"sums\"} 0.75\n"), text.npos);
  EXPECT_NE(text.find("\nhadal_communication_hidden_ratio{kind=\"sends\"} 0\n"), text.npos);
}

}  // namespace
}  // namespace hadal::draf::server
