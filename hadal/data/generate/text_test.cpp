#include "hadal/data/generate/text.h"

#include "hadal/data/generate/story.h"

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace hadal::data {
namespace {

constexpr std::size_t kBytes = 200'000;

/// Bits a byte, of a model of the counts of each byte after the `order` before it, fitted to the
/// text's first half with one more of each of the 96 bytes that may occur, and tested on the rest.
double bits_a_byte(const std::string& text, std::size_t order) {
  std::map<std::string, std::map<char, int>> counts;
  std::map<std::string, int> totals;
  double bits = 0;
  for (std::size_t i = order; i < text.size(); ++i) {
    const std::string context = text.substr(i - order, order);
    if (i < text.size() / 2) {
      ++counts[context][text[i]];
      ++totals[context];
    } else {
      bits -= std::log2((counts[context][text[i]] + 1.0) / (totals[context] + 96.0));
    }
  }
  return bits / static_cast<double>(text.size() - text.size() / 2);
}

TEST(GenerateText, HasTheLengthAskedFor) {
  for (const std::size_t bytes : {0, 1, 999, 5000}) {
    EXPECT_EQ(generate_text(bytes, 1).size(), bytes);
  }
}

TEST(GenerateText, DependsOnTheSeedOnly) {
  EXPECT_EQ(generate_text(5000, 1), generate_text(5000, 1));
  EXPECT_EQ(generate_text(9000, 1).substr(0, 5000), generate_text(5000, 1));
  EXPECT_NE(generate_text(5000, 1), generate_text(5000, 2));
}

TEST(GenerateText, IsPrintableAscii) {
  for (const char c : generate_text(50'000, 3)) {
    ASSERT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
  }
}

TEST(GenerateText, IsFarEasierToPredictFromItsContextThanByByteFrequencies) {
  const std::string text = generate_text(kBytes, 4);
  EXPECT_GT(bits_a_byte(text, 0), 4.0);  // about that of English
  EXPECT_LT(bits_a_byte(text, 3), 0.6 * bits_a_byte(text, 0));
}

/// The words of `story` that start with a capital and are `among`.
std::set<std::string> mentioned(const std::string& story, const std::set<std::string>& among) {
  std::set<std::string> found;
  for (const auto& word : among) {
    if (story.find(word) != std::string::npos) found.insert(word);
  }
  return found;
}

TEST(TellStory, KeepsToItsOwnCastTownAndThing) {
  const std::set<std::string> names = {"Ada",   "Bruno", "Clara",  "Dmitri", "Elena", "Felix",
                                       "Greta", "Hugo",  "Ines",   "Jonas",  "Katya", "Leon",
                                       "Mara",  "Nico",  "Olga",   "Pavel",  "Quinn", "Rafael",
                                       "Sofia", "Tomas", "Ursula", "Victor", "Wanda", "Yusuf"};
  std::set<std::string> casts;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const std::string story = tell_story(5, i);
    const auto cast = mentioned(story, names);
    EXPECT_EQ(cast.size(), 3U) << story;
    std::string key;
    for (const auto& name : cast) key += name;
    casts.insert(key);
  }
  EXPECT_GT(casts.size(), 40U);
}

TEST(TellStory, FindsTheThingWhereItWasHidden) {
  for (std::uint64_t i = 0; i < 50; ++i) {
    const std::string story = tell_story(6, i);
    const std::string thing = story.substr(4, story.find(" of ") - 4);
    const std::string hidden = "had hidden a " + thing + " ";
    const auto from = story.find(hidden) + hidden.size();
    const std::string place = story.substr(from, story.find(", and only", from) - from);
    EXPECT_NE(story.find("went to look " + place + ". The " + thing + " was there"),
              std::string::npos)
        << story;
  }
}

}  // namespace
}  // namespace hadal::data
