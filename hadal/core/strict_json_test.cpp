#include "hadal/core/strict_json.h"

#include "hadal/core/error.h"
#include "hadal/testing/error_of.h"

#include <gtest/gtest.h>

namespace hadal {
namespace {

nlohmann::json parse(std::string_view text) { return parse_strict_json(text, "F", 4); }

std::string error_of(std::string_view text) {
  return hadal::testing::without_json_reason(
      hadal::testing::error_of<FormatError>([&] { parse(text); }));
}

std::string hint_of(std::string_view text) {
  try {
    parse(text);
  } catch (const FormatError& error) {
    return error.hint();
  }
  return "no error";
}

std::string nested(int levels, std::string_view open, std::string_view inside,
                   std::string_view close) {
  std::string text(inside);
  for (int i = 0; i < levels; ++i) text = concat(open, text, close);
  return text;
}

TEST(StrictJson, ReadsEveryKindOfValue) {
  const nlohmann::json value = parse(R"( {"a": [null, true, -1, 18446744073709551615, 1.5, "é"],
                                         "b": {"a": "\ud83d\ude00"}} )");
  EXPECT_EQ(value["a"].dump(), R"([null,true,-1,18446744073709551615,1.5,"é"])");
  EXPECT_EQ(value["b"]["a"], "\U0001f600");
  EXPECT_EQ(parse("7"), 7);
}

TEST(StrictJson, RefusesKeysThatComeTwiceInAnObject) {
  EXPECT_EQ(error_of(R"({"a": 1, "b": 2, "a": 1})"), R"(F: the key "a" comes twice)");
  EXPECT_EQ(error_of(R"([{"b": {"a": 1, "\u0061": 1}}])"), R"(F: the key "a" comes twice)");
  EXPECT_EQ(error_of(R"({"": 1, "": 1})"), R"(F: the key "" comes twice)");
  EXPECT_EQ(error_of(R"({"a": {"a": 1, "b": [{"a": 1}, {"a": 1}]}, "b": 1})"), "no error");
}

TEST(StrictJson, BoundsTheNestingExactly) {
  const std::string expected = "F: nested more than 4 levels deep";
  EXPECT_EQ(error_of(nested(4, "[", "", "]")), "no error");
  EXPECT_EQ(error_of(nested(4, "[", "1", "]")), "no error");
  EXPECT_EQ(error_of(nested(5, "[", "", "]")), expected);
  EXPECT_EQ(error_of(nested(4, "{\"a\":", "1", "}")), "no error");
  EXPECT_EQ(error_of(nested(4, "{\"a\":", "[]", "}")), expected);
  EXPECT_EQ(error_of(std::string(1'000'000, '[')), expected);
  EXPECT_EQ(error_of("[[[[]]], [[[]]]]"), "no error");
}

TEST(StrictJson, RefusesANulWhereverItIs) {
  EXPECT_EQ(error_of(std::string_view("{}\0", 3)), "F: byte 2: the text contains a NUL");
  EXPECT_EQ(error_of(std::string_view("\"a\0\"", 4)), "F: byte 2: the text contains a NUL");
}

TEST(StrictJson, RefusesAByteOrderMark) {
  EXPECT_EQ(error_of("\xEF\xBB\xBF{}"), "F: byte 0: a byte order mark is no JSON");
}

TEST(StrictJson, NamesTheByteOfWhatIsNotJson) {
  EXPECT_EQ(error_of(""), "F: near byte 0: invalid JSON: ");
  EXPECT_EQ(error_of("[1, 2"), "F: near byte 5: invalid JSON: ");
  EXPECT_EQ(error_of("[1, x]"), "F: near byte 4: invalid JSON: ");
  EXPECT_EQ(error_of("{} {}"), "F: near byte 3: invalid JSON: ");
  EXPECT_EQ(error_of("[NaN]"), "F: near byte 1: invalid JSON: ");
  EXPECT_EQ(error_of("[1,]"), "F: near byte 3: invalid JSON: ");
  EXPECT_EQ(error_of("// a\n1"), "F: near byte 0: invalid JSON: ");
  EXPECT_EQ(error_of("\"a\nb\""), "F: near byte 2: invalid JSON: ");
  EXPECT_EQ(error_of(R"("\ud800 ")"), "F: near byte 7: invalid JSON: ");
}

TEST(StrictJson, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(error_of("\"a\xff\""), "F: near byte 2: invalid JSON: ");
  EXPECT_EQ(error_of("\"\xc0\x80\""), "F: near byte 1: invalid JSON: ");
  EXPECT_EQ(error_of("\"\xed\xa0\x80\""), "F: near byte 2: invalid JSON: ");
}

TEST(StrictJson, RefusesNumbersBeyondTheRangeOfDouble) {
  EXPECT_EQ(error_of("[1e999]"), "F: invalid JSON: ");
  EXPECT_EQ(error_of("[-1e999]"), "F: invalid JSON: ");
  EXPECT_EQ(parse("1e-999"), 0.0);
}

TEST(StrictJson, HintsThatTheTextIsCutShortWhereItEndsTooEarly) {
  for (const char* text : {"", "[1, 2", "{\"a\": \"b", "tru"}) {
    EXPECT_NE(hint_of(text).find("cut short"), std::string::npos) << text;
  }
  EXPECT_EQ(hint_of("[1, x]"), "");
  EXPECT_EQ(hint_of("[1]]"), "");
}

TEST(StrictJson, QuotesNothingLongOrOfTheTextInItsReason) {
  const std::string secret(5000, 'x');
  try {
    parse("[\"" + secret + "\" 1]");
    FAIL() << "it was taken";
  } catch (const FormatError& error) {
    EXPECT_EQ(std::string(error.what()).find("xxx"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("syntax error"), std::string::npos) << error.what();
  }
  try {
    parse("1" + std::string(5000, '0'));
    FAIL() << "it was taken";
  } catch (const FormatError& error) {
    EXPECT_LT(std::string(error.what()).size(), 250U);
  }
}

}  // namespace
}  // namespace hadal
