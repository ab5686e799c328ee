#include "hadal/core/columns.h"

#include <gtest/gtest.h>

namespace hadal {
namespace {

TEST(ColumnsOf, CountsCodePoints) {
  EXPECT_EQ(columns_of(""), 0u);
  EXPECT_EQ(columns_of("caf\u00e9 \u2192 \U0001f600"), 8u);
}

TEST(Fit, PadsShortTextAndCutsLongTextInItsMiddle) {
  EXPECT_EQ(fit("abc", 5), "abc  ");
  EXPECT_EQ(fit("abcde", 5), "abcde");
  EXPECT_EQ(fit("abcdefghij", 7), "ab...ij");
  EXPECT_EQ(fit("abcdefghij", 8), "ab...hij");
  EXPECT_EQ(fit("\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6", 7),
            "\u00e4\u00f6...\u00e4\u00f6");
}

TEST(Fit, KeepsToTheColumnsWhereOnlyDotsFit) {
  EXPECT_EQ(fit("abcdef", 3), "...");
  EXPECT_EQ(fit("abcdef", 1), ".");
  EXPECT_EQ(fit("abcdef", 0), "");
}

TEST(Wrap, BreaksAtSpacesAndIndents) {
  EXPECT_EQ(wrap("", 2, 10), "");
  EXPECT_EQ(wrap("one two", 2, 10), "  one two\n");
  EXPECT_EQ(wrap("one two three", 2, 10), "  one two\n  three\n");
  EXPECT_EQ(wrap("exactly8 next", 2, 10), "  exactly8\n  next\n");
}

TEST(Wrap, BreaksWordsThatAreTooLongBetweenCodePoints) {
  EXPECT_EQ(wrap("abcdefgh", 0, 3), "abc\ndef\ngh\n");
  EXPECT_EQ(wrap("\u00e4\u00f6\u00fc\u00df", 1, 3), " \u00e4\u00f6\n \u00fc\u00df\n");
}

TEST(Wrap, ComesToAnEndWhereTheIndentTakesAllColumns) {
  EXPECT_EQ(wrap("ab", 2, 3), "  a\n  b\n");
  EXPECT_EQ(wrap("ab", 2, 2), "  a\n  b\n");
  EXPECT_EQ(wrap("ab", 4, 2), "    a\n    b\n");
  EXPECT_EQ(wrap("a b", 3, 1), "   a\n   b\n");
}

}  // namespace
}  // namespace hadal
