#include "hadal/data/readers/news_summaries.h"

#include "hadal/core/error.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

namespace hadal::data {
namespace {

using Strings = std::vector<std::string>;

constexpr const char* kPlain =
    R"({"id": 3, "article": ["a b ."], "reference": ["b ."], "systems": {}})";

TEST(NewsSummaries, AreReadInOrder) {
  const std::string text =
      std::string(kPlain) + "\n" +
      R"({"id": -1, "article": ["x .", ""], "reference": ["y .", "z ."], "note": null,)"
      R"( "systems": {"t5": {"summary": [], "scores": {}},)"
      R"( "bart": {"summary": ["s", "t"], "scores": {"r2": 0.5, "r1": 1}}}})";
  const auto articles = parse_news_summaries(text, "F");
  ASSERT_EQ(articles.size(), 2U);
  EXPECT_EQ(articles[0].id, 3);
  EXPECT_EQ(articles[0].article, Strings{"a b ."});
  EXPECT_TRUE(articles[0].summaries.empty());
  EXPECT_EQ(articles[1].id, -1);
  EXPECT_EQ(articles[1].reference, (Strings{"y .", "z ."}));
  ASSERT_EQ(articles[1].summaries.size(), 2U);
  const PublishedSummary& bart = articles[1].summaries[0];
  EXPECT_EQ(bart.system, "bart");
  EXPECT_EQ(bart.sentences, (Strings{"s", "t"}));
  EXPECT_EQ(bart.scores, (std::map<std::string, double>{{"r1", 1.0}, {"r2", 0.5}}));
  EXPECT_EQ(articles[1].summaries[1].system, "t5");
  EXPECT_TRUE(articles[1].summaries[1].sentences.empty());
}

TEST(NewsSummaries, AreNoneInAnEmptyFile) {
  EXPECT_TRUE(parse_news_summaries("", "F").empty());
  EXPECT_TRUE(parse_news_summaries("\n\n", "F").empty());
}

TEST(NewsSummaries, NameTheFieldThatIsWrong) {
  struct Wrong {
    const char* line;
    const char* error;
  };
  const Wrong wrongs[] = {
      {R"({"article": ["a"], "reference": ["a"], "systems": {}})", R"(field "id": is missing)"},
      {R"({"id": 1.5, "article": ["a"], "reference": ["a"], "systems": {}})",
       R"(field "id": expected an integer from -2^63 to 2^63 - 1, found 1.5)"},
      {R"({"id": 1, "article": "a", "reference": ["a"], "systems": {}})",
       R"(field "article": expected a list of strings, found string)"},
      {R"({"id": 1, "article": ["a"], "reference": [2], "systems": {}})",
       R"(field "reference[0]": expected a string, found number)"},
      {R"({"id": 1, "article": ["a"], "reference": ["a"]})", R"(field "systems": is missing)"},
      {R"({"id": 1, "article": ["a"], "reference": ["a"], "systems": {"s": {"scores": {}}}})",
       R"(field "systems.s.summary": is missing)"},
      {R"({"id": 1, "article": ["a"], "reference": ["a"],)"
       R"( "systems": {"s": {"summary": ["a"], "scores": {"r": "0.5"}}}})",
       R"(field "systems.s.scores.r": expected a number, found string)"},
      {R"({"id": 1, "article": [], "reference": ["a"], "systems": {}})",
       R"(field "article": has no text)"},
      {R"({"id": 1, "article": ["a"], "reference": ["", " \n"], "systems": {}})",
       R"(field "reference": has no text)"}};
  for (const auto& [line, error] : wrongs) {
    const std::string text = std::string(kPlain) + "\n" + line + "\n";
    EXPECT_EQ(hadal::testing::error_of<FormatError>([&] { parse_news_summaries(text, "F"); }),
              std::string("F: line 2: ") + error);
  }
}

TEST(NewsSummaries, ThrowNothingButErrorsForCutFiles) {
  const std::string text = std::string(kPlain) + "\n" + kPlain;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    try {
      EXPECT_LE(parse_news_summaries(text.substr(0, size), "F").size(), 2U);
    } catch (const FormatError&) {
    }
  }
}

TEST(NewsSummariesRealData, AreThoseOfCnnDailyMail) {
  HADAL_REQUIRE_DATA(file, "nlp/cnndm-100.jsonl");
  const auto articles = read_news_summaries(file);
  ASSERT_EQ(articles.size(), 100U);
  std::size_t summarized = 0;
  double rouge_sum = 0;
  for (std::size_t i = 0; i < articles.size(); ++i) {
    EXPECT_EQ(articles[i].id, static_cast<std::int64_t>(i));
    if (articles[i].summaries.empty()) continue;
    ++summarized;
    ASSERT_EQ(articles[i].summaries.size(), 5U);
    for (const auto& summary : articles[i].summaries) {
      EXPECT_EQ(summary.scores.size(), 9U);
      rouge_sum += summary.scores.at("rouge_1_f_score");
    }
  }
  // As Python's json reads them.
  EXPECT_EQ(summarized, 66U);
  EXPECT_NEAR(rouge_sum, 144.85019, 1e-9);
}

}  // namespace
}  // namespace hadal::data
