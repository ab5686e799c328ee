#include "hadal/data/generate/news.h"

#include "hadal/data/metrics/rouge.h"
#include "hadal/data/tokenizer/sentences.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace hadal::data {
namespace {

bool same(const NewsArticle& a, const NewsArticle& b) {
  return a.id == b.id && a.article == b.article && a.reference == b.reference;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += word + " ";
  return text;
}

TEST(News, DependsOnTheSeedAlone) {
  const auto few = generate_news(3, 1);
  const auto more = generate_news(5, 1);
  const auto other = generate_news(3, 2);
  ASSERT_EQ(few.size(), 3U);
  for (std::size_t i = 0; i < few.size(); ++i) {
    EXPECT_TRUE(same(few[i], more[i])) << i;
    EXPECT_FALSE(same(few[i], other[i])) << i;
  }
  EXPECT_NE(more[3].article, more[4].article);
}

TEST(News, HasTheLengthThatItSays) {
  for (const NewsArticle& article : generate_news(100, 3)) {
    ASSERT_EQ(article.article.size(), 1U);
    std::size_t words = 0;
    for (const auto& sentence : split_sentences(article.article[0])) words += sentence.size();
    EXPECT_GE(words, 500U) << article.id;
    EXPECT_LE(words, 1000U) << article.id;
    EXPECT_EQ(std::count(article.reference[0].begin(), article.reference[0].end(), '\n'), 2);
  }
}

/// The ROUGE-1 recall of the best `count` sentences, picked by their own recall.
double recall_of_best(const NewsArticle& article, std::size_t count) {
  std::vector<std::pair<double, std::string>> scored;
  for (const auto& words : split_sentences(article.article[0])) {
    const std::string sentence = joined(words);
    scored.emplace_back(-rouge(article.reference[0], sentence).rouge_1.recall, sentence);
  }
  std::sort(scored.begin(), scored.end());
  std::string summary;
  for (std::size_t i = 0; i < count; ++i) summary += scored[i].second;
  return rouge(article.reference[0], summary).rouge_1.recall;
}

TEST(News, SaysInThreeSentencesWhatTheReferenceSays) {
  constexpr std::size_t kArticles = 40;
  double best = 0;
  double lead = 0;
  for (const NewsArticle& article : generate_news(kArticles, 4)) {
    best += recall_of_best(article, 3) / kArticles;
    const auto sentences = split_sentences(article.article[0]);
    const std::string first = joined(sentences[0]) + joined(sentences[1]) + joined(sentences[2]);
    lead += rouge(article.reference[0], first).rouge_1.recall / kArticles;
  }
  EXPECT_GT(best, 0.7);
  EXPECT_LT(lead, 0.5);
}

TEST(News, RepeatsTheNameOfItsMatterMostOften) {
  for (const NewsArticle& article : generate_news(40, 5)) {
    const std::string name = rouge_words(article.reference[0]).front();
    const auto words = rouge_words(article.article[0]);
    const auto uses = std::count(words.begin(), words.end(), name);
    EXPECT_GE(uses, 7) << article.id;
    EXPECT_TRUE(article.summaries.empty());
  }
}

}  // namespace
}  // namespace hadal::data
