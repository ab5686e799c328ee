#include "hadal/core/markup.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace hadal {
namespace {

TEST(Markup, TakesLiteralsAsTheyAre) {
  Markup html;
  html << "<p class=\"x\">&amp;</p>";
  EXPECT_EQ(html.html(), "<p class=\"x\">&amp;</p>");
}

TEST(Markup, NamesAScriptAsAPolicyDoes) {
  // printf alert | openssl dgst -sha256 -binary | base64
  EXPECT_EQ(policy_hash("alert"), "sha256-35BQWN1npAn++BSA6B5HNlcrDttNf7mHxpXNB+Jg7IE=");
}

TEST(Base64, PadsAsTheStandardsVectorsDo) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xfb\xff"), "+/8=");
}

TEST(Markup, EscapesEveryOtherText) {
  const std::string text = "<a href='x' title=\"y\">&amp;";
  const std::string escaped = "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;amp;";
  Markup html;
  html << text << std::string_view(text);
  EXPECT_EQ(html.html(), escaped + escaped);
}

TEST(Markup, EscapesTextOnlyOnceWherePartsNest) {
  Markup part;
  part << "<b>" << std::string("<&>") << "</b>";
  Markup html;
  html << part << part;
  EXPECT_EQ(html.html(), "<b>&lt;&amp;&gt;</b><b>&lt;&amp;&gt;</b>");
}

TEST(Markup, ReplacesNul) {
  Markup html;
  html << std::string("a\0b", 3);
  EXPECT_EQ(html.html(), "a\ufffdb");
}

TEST(Markup, WritesIntegersOfEachWidth) {
  Markup html;
  html << -1 << "," << std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(html.html(), "-1,18446744073709551615");
}

TEST(Coordinate, HasTwoDecimals) {
  EXPECT_EQ(coordinate(1.0 / 3), "0.33");
  EXPECT_EQ(coordinate(-12), "-12.00");
  EXPECT_EQ(coordinate(1e300), "0");  // none of a plot
}

}  // namespace
}  // namespace hadal
