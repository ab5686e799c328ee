#include "hadal/data/tokenizer/sentences.h"

#include "hadal/data/readers/news_summaries.h"
#include "hadal/testing/paths.h"

namespace hadal::data {
namespace {

/// The sentences with their words parted by a blank.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> sentences;
  for (const auto& words : split_sentences(text)) {
    std::string& sentence = sentences.emplace_back();
    for (const auto& word : words) sentence += (sentence.empty() ? "" : " ") + word;
  }
  return sentences;
}

using Strings = std::vector<std::string>;

TEST(Sentences, EndWithAMarkOfTheirOwn) {
  EXPECT_EQ(split("a b . c d ! e ?"), (Strings{"a b .", "c d !", "e ?"}));
  EXPECT_EQ(split("mr. a of the u.s. paid $ 1.5 ... b ."),
            (Strings{"mr. a of the u.s. paid $ 1.5 ... b ."}));
  EXPECT_EQ(split("a . no end"), (Strings{"a .", "no end"}));
  EXPECT_EQ(split("what ? ! . b"), (Strings{"what ? ! .", "b"}));
}

TEST(Sentences, KeepTheMarksThatCloseThem) {
  EXPECT_EQ(split("`` a . '' b ( c . ) d ."), (Strings{"`` a . ''", "b ( c . )", "d ."}));
  EXPECT_EQ(split("\u2018 a . \u2019 \u201c b . \u201d"),
            (Strings{"\u2018 a . \u2019", "\u201c b . \u201d"}));
  EXPECT_EQ(split("' a . ' b . ' c . '"), (Strings{"' a . '", "b .", "' c . '"}));
  EXPECT_EQ(split("a . \" b . \" c"), (Strings{"a .", "\" b . \"", "c"}));
}

TEST(Sentences, AreNoneOfBlanks) {
  EXPECT_EQ(split(""), Strings{});
  EXPECT_EQ(split(" \n\t\r "), Strings{});
  EXPECT_EQ(split("\n a\tb \r\n"), Strings{"a b"});
  EXPECT_EQ(split(". ."), Strings{". ."});
}

TEST(SentencesRealData, AreOfUsualLength) {
  HADAL_REQUIRE_DATA(file, "nlp/cnndm-100.jsonl");
  std::size_t sentences = 0;
  std::size_t words = 0;
  for (const NewsArticle& article : read_news_summaries(file)) {
    for (const std::string& part : article.article) {
      for (const auto& sentence : split_sentences(part)) {
        ++sentences;
        words += sentence.size();
      }
    }
  }
  EXPECT_EQ(words, 73'962U);  // as Python's re.split counts
  // News has 20 to 25 words and marks in a sentence.
  EXPECT_GT(words, 20 * sentences);
  EXPECT_LT(words, 25 * sentences);
}

}  // namespace
}  // namespace hadal::data
