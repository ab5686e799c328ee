#include "hadal/draf/text/stop_texts.h"

#include "hadal/core/random.h"

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

TEST(StopTexts, HoldsBackWhatMayBeTheStartOfOne) {
  StopTexts stops({"###", "end"});
  EXPECT_EQ(stops.add("ab#"), "ab");
  EXPECT_EQ(stops.add("#"), "");
  EXPECT_EQ(stops.add("c e"), "##c ");
  EXPECT_EQ(stops.add("n"), "");
  EXPECT_FALSE(stops.found());
  EXPECT_EQ(stops.add("d of it"), "");
  EXPECT_TRUE(stops.found());
  EXPECT_EQ(stops.add("more"), "");
  EXPECT_EQ(stops.finish(), "");
}

TEST(StopTexts, GivesOutWhatWasHeldAtTheEnd) {
  StopTexts stops({"###"});
  EXPECT_EQ(stops.add("a##"), "a");
  EXPECT_EQ(stops.finish(), "##");
}

TEST(StopTexts, WithoutTextsHoldNothing) {
  StopTexts stops({""});
  EXPECT_EQ(stops.add("all of it"), "all of it");
  EXPECT_FALSE(stops.found());
}

/// What comes before the first stop text to end, as if by one byte after another.
std::string defined(const std::string& text, const std::vector<std::string>& stops) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    std::size_t longest = 0;
    for (const std::string& stop : stops) {
      if (std::string_view(text).substr(0, end).ends_with(stop)) {
        longest = std::max(longest, stop.size());
      }
    }
    if (longest > 0) return text.substr(0, end - longest);
  }
  return text;
}

TEST(StopTexts, FindTheSameHoweverTheTextIsCut) {
  Random random(1);
  const auto word = [&](std::int64_t longest) {
    std::string text;
    for (std::int64_t i = random.between(1, longest); i > 0; --i) {
      text += static_cast<char>('a' + random.below(2));
    }
    return text;
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> texts;
    for (std::uint64_t i = random.below(3); i < 3; ++i) texts.push_back(word(7));
    StopTexts stops(texts);
    std::string all;
    std::string given;
    while (all.size() < 40) {
      const std::string part = word(6);
      all += part;
      given += stops.add(part);
      ASSERT_TRUE(defined(all, texts).starts_with(given)) << "gave out a part of a stop text";
    }
    given += stops.finish();
    ASSERT_EQ(given, defined(all, texts));
    ASSERT_EQ(stops.found(), given != all);
  }
}

}  // namespace
}  // namespace hadal::draf
