#include "hadal/core/utf8.h"

#include <cstdint>
#include <initializer_list>

#include <gtest/gtest.h>

namespace hadal {
namespace {

bool is_one_character(const std::string& text) {
  return !find_invalid_utf8(text) && utf8_length(text[0]) == text.size();
}

std::string of_bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

TEST(Utf8, GivesBackEveryCodePointAndRefusesTheSurrogates) {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    std::string text;
    append_utf8(text, code_point);
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    ASSERT_EQ(is_one_character(text), !surrogate) << std::uint32_t{code_point};
    ASSERT_EQ(first_code_point(text), code_point);
  }
}

TEST(Utf8, TakesAsManySequencesAsThereAreCharacters) {
  // Had another sequence been taken, an overlong one say, then there were more.
  std::size_t of_two = 0;
  std::size_t of_three = 0;
  std::size_t of_four = 0;
  for (int lead = 0x80; lead <= 0xFF; ++lead) {
    for (int second = 0; second <= 0xFF; ++second) {
      of_two += is_one_character(of_bytes({lead, second})) ? 1 : 0;
      for (int third = 0; third <= 0xFF; ++third) {
        of_three += is_one_character(of_bytes({lead, second, third})) ? 1 : 0;
      }
      for (const int third : {0x7F, 0x80, 0xBF, 0xC0}) {
        for (const int fourth : {0x7F, 0x80, 0xBF, 0xC0}) {
          of_four += is_one_character(of_bytes({lead, second, third, fourth})) ? 1 : 0;
        }
      }
    }
  }
  EXPECT_EQ(of_two, 0x800U - 0x80U);
  EXPECT_EQ(of_three, 0x10000U - 0x800U - 0x800U);
  EXPECT_EQ(of_four, (0x110000U - 0x10000U) / (64 * 64) * (2 * 2));
}

TEST(Utf8, NamesTheByteWhereAnInvalidCharacterStarts) {
  EXPECT_EQ(find_invalid_utf8(""), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("caf\u00e9 \u4e16 \U0001f600"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("caf\xe9!"), 3U);
  EXPECT_EQ(find_invalid_utf8("\u00e9\x80"), 2U);
  EXPECT_EQ(find_invalid_utf8("ab\xf0\x9f\x98"), 2U);
  EXPECT_EQ(find_invalid_utf8(std::string_view("ab\u4e16").substr(0, 4)), 2U);
}

TEST(Utf8, ReplacesEachMaximalPartAsTheStandardDoes) {
  const std::string r = "\uFFFD";
  const std::string r8 = r + r + r + r + r + r + r + r;
  // Tables 3-8 to 3-11 of the Unicode standard: overlong forms, surrogates, other ill-formed
  // sequences, and characters that are cut short.
  EXPECT_EQ(replace_invalid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), r8 + "A");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), r8 + "A");
  EXPECT_EQ(replace_invalid_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            r + r + r + r + r + "A" + r + r + "B");
  EXPECT_EQ(replace_invalid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), r + r + r + r + "A");
}

}  // namespace
}  // namespace hadal
