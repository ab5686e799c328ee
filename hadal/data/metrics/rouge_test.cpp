#include "hadal/data/metrics/rouge.h"

#include "hadal/data/metrics/lcs.h"
#include "hadal/data/readers/news_summaries.h"
#include "hadal/testing/paths.h"

#include <array>
#include <fstream>

#include <nlohmann/json.hpp>

namespace hadal::data {
namespace {

using nlohmann::json;

/// The package's numbers are written with 7 digits.
constexpr double kRounding = 5.1e-8;

json golden() {
  std::ifstream file(hadal::testing::source_path("hadal/data/metrics/testdata/rouge.golden.json"));
  return json::parse(file);
}

std::array<RougeScore, 4> in_order(const RougeScores& scores) {
  return {scores.rouge_1, scores.rouge_2, scores.rouge_l, scores.rouge_lsum};
}

std::string lines(const std::vector<std::string>& sentences) {
  std::string text;
  for (const auto& sentence : sentences) text += (text.empty() ? "" : "\n") + sentence;
  return text;
}

TEST(Rouge, EqualsThePackageOnShortTexts) {
  const json pairs = golden()["pairs"];
  ASSERT_GT(pairs.size(), 20U);
  for (const json& pair : pairs) {
    const std::string reference = pair["reference"], summary = pair["summary"];
    const auto scores = in_order(rouge(reference, summary));
    for (std::size_t kind = 0; kind < scores.size(); ++kind) {
      const json& expected = pair["scores"][kind];
      SCOPED_TRACE(pair.dump() + " " + std::to_string(kind));
      EXPECT_NEAR(scores[kind].precision, expected[0].get<double>(), kRounding);
      EXPECT_NEAR(scores[kind].recall, expected[1].get<double>(), kRounding);
      EXPECT_NEAR(scores[kind].f1, expected[2].get<double>(), kRounding);
    }
  }
}

TEST(Rouge, PartsWordsAtAllThatIsNoLetterOrDigitOfAscii) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(rouge_words("It's 3.5% -- OK"), (Words{"it", "s", "3", "5", "ok"}));
  EXPECT_EQ(rouge_words("caf\u00e9s\u4f60x"), (Words{"caf", "s", "x"}));
  EXPECT_EQ(rouge_words("5\u212ag \u0130x"), (Words{"5kg", "i", "x"}));
  EXPECT_EQ(rouge_words("a\xff\xe2\x84"), (Words{"a"}));
  EXPECT_EQ(rouge_words(""), Words{});
}

/// The table of the package, whole, and its way back through it.
std::vector<std::size_t> places_by_table(const std::vector<std::int32_t>& a,
                                         const std::vector<std::int32_t>& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1
                                         : std::max(table[i - 1][j], table[i][j - 1]);
    }
  }
  std::vector<std::size_t> places;
  for (std::size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) {
      places.insert(places.begin(), i - 1);
      --i, --j;
    } else if (table[i][j - 1] > table[i - 1][j]) {
      --j;
    } else {
      --i;
    }
  }
  return places;
}

TEST(Lcs, TakesTheSamePlacesAsTheWholeTable) {
  std::uint32_t state = 1;
  for (std::size_t trial = 0; trial < 400; ++trial) {
    const auto draw = [&](std::uint32_t bound) {
      state = state * 1664525U + 1013904223U;
      return (state >> 8) % bound;
    };
    std::vector<std::int32_t> a(draw(40)), b(draw(40));
    const std::uint32_t words = 1 + draw(5);
    for (auto& word : a) word = static_cast<std::int32_t>(draw(words));
    for (auto& word : b) word = static_cast<std::int32_t>(draw(words));
    const auto expected = places_by_table(a, b);
    EXPECT_EQ(lcs_positions(a, b), expected) << trial;
    EXPECT_EQ(lcs_length(a, b), expected.size()) << trial;
  }
}

/// The text of each output of a system, by the number of its article.
std::map<std::string, std::array<RougeScore, 4>> scores_of(const std::vector<NewsArticle>& articles,
                                                           const std::string& system) {
  std::map<std::string, std::array<RougeScore, 4>> scores;
  for (const auto& article : articles) {
    for (const auto& summary : article.summaries) {
      if (summary.system != system) continue;
      scores[std::to_string(article.id)] =
          in_order(rouge(lines(article.reference), lines(summary.sentences)));
    }
  }
  return scores;
}

TEST(RougeRealData, EqualsThePackageOnPublishedSummaries) {
  HADAL_REQUIRE_DATA(file, "nlp/cnndm-100.jsonl");
  const auto articles = read_news_summaries(file);
  const json systems = golden()["cnndm"];
  ASSERT_EQ(systems.size(), 5U);
  for (const auto& [system, expected] : systems.items()) {
    const auto scores = scores_of(articles, system);
    ASSERT_EQ(scores.size(), expected["f1"].size());
    for (std::size_t kind = 0; kind < 4; ++kind) {
      SCOPED_TRACE(system + " " + std::to_string(kind));
      RougeScore mean;
      for (const auto& [id, score] : scores) {
        EXPECT_NEAR(score[kind].f1, expected["f1"][id][kind].get<double>(), kRounding) << id;
        mean.precision += score[kind].precision / static_cast<double>(scores.size());
        mean.recall += score[kind].recall / static_cast<double>(scores.size());
      }
      EXPECT_NEAR(mean.precision, expected["mean"][kind][0].get<double>(), kRounding);
      EXPECT_NEAR(mean.recall, expected["mean"][kind][1].get<double>(), kRounding);
    }
  }
}

/// The published figures are those of the Perl program, which stems words and takes each sentence
/// of the reference as a line: close for ROUGE-1 and 2, not for ROUGE-L.
TEST(RougeRealData, IsCloseToThePublishedFigures) {
  HADAL_REQUIRE_DATA(file, "nlp/cnndm-100.jsonl");
  double published_1 = 0, published_2 = 0, ours_1 = 0, ours_2 = 0;
  int count = 0;
  for (const auto& article : read_news_summaries(file)) {
    for (const auto& summary : article.summaries) {
      const auto scores = rouge(lines(article.reference), lines(summary.sentences));
      published_1 += summary.scores.at("rouge_1_f_score");
      published_2 += summary.scores.at("rouge_2_f_score");
      ours_1 += scores.rouge_1.f1;
      ours_2 += scores.rouge_2.f1;
      ++count;
    }
  }
  EXPECT_NEAR(ours_1 / count, published_1 / count, 0.02);
  EXPECT_NEAR(ours_2 / count, published_2 / count, 0.01);
  EXPECT_LT(ours_1, published_1);
}

}  // namespace
}  // namespace hadal::data
