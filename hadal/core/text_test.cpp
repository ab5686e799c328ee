#include "hadal/core/text.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace hadal {
namespace {

TEST(Printable, ReplacesEveryControlCharacter) {
  std::string controls;
  for (char c = 0; c < 0x20; ++c) controls += c;
  EXPECT_EQ(printable(controls + '\x7f'), std::string(33, ' '));
  EXPECT_EQ(printable("\x1b[31mred"), " [31mred");
  EXPECT_EQ(printable("a\u0080b\u009bc\u009f"), "a b c ");
  EXPECT_EQ(printable("a\u2028b\u202ec\u2069"), "a b c ");
}

TEST(Printable, KeepsAllOtherText) {
  const std::string text = "caf\u00e9 \u00a0 \u2212 \u2192 \u2027 \u202f \u2065 \U0001f600";
  EXPECT_EQ(printable(text), text);
  // Pieces of the sequences that it looks for.
  EXPECT_EQ(printable("\xc2"), "\xc2");
  EXPECT_EQ(printable("\xe2\x80"), "\xe2\x80");
}

TEST(Quote, EscapesAsJsonDoes) {
  EXPECT_EQ(quote(""), R"("")");
  EXPECT_EQ(quote("a\"b\\c\n\x01 caf\u00e9"), "\"a\\\"b\\\\c\\n\\u0001 caf\u00e9\"");
  EXPECT_EQ(quote(std::string_view("a\0b", 3)), R"("a\u0000b")");
}

TEST(Quote, ShowsNothingThatSteersATerminal) {
  EXPECT_EQ(quote("a\x1b[2J\x7f\u009b\u202e"), R"("a\u001b[2J\u007f\u009b\u202e")");
}

TEST(Quote, ReplacesWhatIsNotUtf8) { EXPECT_EQ(quote("a\xff\xc3"), "\"a\uFFFD\uFFFD\""); }

TEST(Quote, CutsLongText) {
  EXPECT_EQ(quote(std::string(120, 'x')), '"' + std::string(120, 'x') + '"');
  EXPECT_EQ(quote(std::string(1000, 'x')), '"' + std::string(120, 'x') + "\"...");
}

TEST(ShapeText, LeavesOutTheSizesAfterTheEighth) {
  using Shape = std::vector<std::int64_t>;
  EXPECT_EQ(shape_text(Shape{}), "[]");
  EXPECT_EQ(shape_text(Shape{2, 3}), "[2, 3]");
  EXPECT_EQ(shape_text(Shape{1, 2, 3, 4, 5, 6, 7, 8}), "[1, 2, 3, 4, 5, 6, 7, 8]");
  EXPECT_EQ(shape_text(Shape(9, 1)), "[1, 1, 1, 1, 1, 1, 1, 1, ...]");
}

}  // namespace
}  // namespace hadal
