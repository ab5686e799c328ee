#include "hadal/data/generate/long_context.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace hadal::data {
namespace {

using Kind = LongContextKind;

std::vector<std::smatch> all_matches(const std::string& text, const std::regex& pattern) {
  return {std::sregex_iterator(text.begin(), text.end(), pattern), std::sregex_iterator()};
}

/// The magic number of the key in the question, from the prompt alone; empty where it is not
/// stated exactly once.
std::string solve_needle(const std::string& prompt) {
  std::smatch question;
  if (!std::regex_search(prompt, question, std::regex("of ([a-z-]+)\\? Answer:$"))) return "";
  std::vector<std::string> found;
  const std::regex fact("The magic number of ([a-z-]+) is ([0-9]+)\\.");
  for (const auto& match : all_matches(prompt, fact)) {
    if (match[1] == question[1]) found.push_back(match[2]);
  }
  return found.size() == 1 ? found[0] : "";
}

/// Runs the assignments from top to bottom.
std::string solve_variables(const std::string& prompt) {
  std::smatch question;
  if (!std::regex_search(prompt, question, std::regex("variables hold ([0-9]+),"))) return "";
  std::map<std::string, std::string> values;
  std::string names;
  const std::regex assignment("VAR ([A-Z]{5}) = (VAR )?([A-Z0-9]{5})\\.");
  for (const auto& match : all_matches(prompt, assignment)) {
    const bool copies = match[2].matched;
    if (copies && !values.contains(match[3])) return "assigned before its value";
    values[match[1]] = copies ? values[match[3]] : match[3].str();
    if (values[match[1]] == question[1]) names += (names.empty() ? "" : " ") + match[1].str();
  }
  return names;
}

/// The words of the list, most frequent first.
std::vector<std::pair<int, std::string>> count_words(const std::string& prompt) {
  const auto start = prompt.find("\n\n") + 2;
  std::istringstream list(prompt.substr(start, prompt.find("Which") - start));
  std::map<std::string, int> counts;
  for (std::string word; list >> word;) ++counts[word];
  std::vector<std::pair<int, std::string>> sorted;
  for (const auto& [word, count] : counts) sorted.emplace_back(count, word);
  std::sort(sorted.rbegin(), sorted.rend());
  return sorted;
}

std::string solve_words(const std::string& prompt, std::size_t count, bool by_alphabet) {
  const auto sorted = count_words(prompt);
  if (sorted.size() <= count || sorted[count].first >= sorted[count - 1].first) return "a tie";
  std::vector<std::string> words;
  for (std::size_t i = 0; i < count; ++i) {
    if (!by_alphabet && sorted[i].first == sorted[i + 1].first) return "a tie";
    words.push_back(sorted[i].second);
  }
  if (by_alphabet) std::sort(words.begin(), words.end());
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string solve(Kind kind, const std::string& prompt) {
  if (kind == Kind::variable_tracking) return solve_variables(prompt);
  if (kind == Kind::common_words) return solve_words(prompt, 5, true);
  if (kind == Kind::frequent_words) return solve_words(prompt, 3, false);
  return solve_needle(prompt);
}

class LongContext : public ::testing::TestWithParam<Kind> {};

TEST_P(LongContext, IsSolvedByReadingThePrompt) {
  for (const std::size_t bytes : {1024, 1500, 4096, 30'000}) {
    for (const double depth : {0.0, 0.3, 1.0}) {
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const auto task = generate_long_context(
            {.kind = GetParam(), .bytes = bytes, .depth = depth, .seed = seed});
        ASSERT_FALSE(task.answer.empty());
        ASSERT_EQ(solve(GetParam(), task.prompt), task.answer) << task.prompt;
      }
    }
  }
}

TEST_P(LongContext, HasExactlyTheLengthAskedForAndEndsInTheQuestion) {
  for (const std::size_t bytes : {1024, 1025, 1029, 4096, 12'345, 1 << 22}) {
    const auto task = generate_long_context({.kind = GetParam(), .bytes = bytes});
    EXPECT_EQ(task.prompt.size(), bytes);
    EXPECT_TRUE(task.prompt.ends_with("Answer:"));
    EXPECT_TRUE(std::all_of(task.prompt.begin(), task.prompt.end(),
                            [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  }
}

TEST_P(LongContext, DependsOnTheOptionsOnly) {
  const LongContextOptions options{.kind = GetParam(), .seed = 7};
  const auto first = generate_long_context(options);
  const auto again = generate_long_context(options);
  EXPECT_EQ(first.prompt, again.prompt);
  EXPECT_EQ(first.answer, again.answer);
  EXPECT_EQ(first.answer_position, again.answer_position);
  std::set<std::string> answers;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    answers.insert(generate_long_context({.kind = GetParam(), .seed = seed}).answer);
  EXPECT_EQ(answers.size(), 20U);
}

TEST_P(LongContext, SaysWhereTheEvidenceIs) {
  const bool counts = GetParam() == Kind::common_words || GetParam() == Kind::frequent_words;
  for (const double depth : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const auto task = generate_long_context({.kind = GetParam(), .bytes = 20'000, .depth = depth});
    const auto at = task.prompt.substr(task.answer_position);
    if (counts) {
      const auto word = task.answer.substr(0, 6);
      EXPECT_TRUE(at.starts_with(word));
      EXPECT_EQ(task.prompt.find(word), task.answer_position);
      continue;
    }
    EXPECT_TRUE(std::regex_search(at, std::regex("^[0-9]+\\.")));
    if (GetParam() == Kind::variable_tracking) {
      const auto line = task.prompt.substr(task.answer_position - 8, 5);
      EXPECT_EQ(line, task.answer.substr(0, 5));
    } else {
      EXPECT_TRUE(at.starts_with(task.answer));
    }
    const double place = static_cast<double>(task.answer_position) / 20'000;
    EXPECT_NEAR(place, depth, 0.05);
  }
}

INSTANTIATE_TEST_SUITE_P(AllKinds, LongContext,
                         ::testing::Values(Kind::needle, Kind::multi_key_needle,
                                           Kind::variable_tracking, Kind::common_words,
                                           Kind::frequent_words),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(LongContextDistractors, AreManyAndGiveNoOtherAnswer) {
  const auto task = generate_long_context({.kind = Kind::multi_key_needle, .bytes = 40'000});
  std::set<std::string> keys, numbers;
  const std::regex fact("number of ([a-z-]+) is ([0-9]+)\\.");
  const auto facts = all_matches(task.prompt, fact);
  for (const auto& match : facts) {
    keys.insert(match[1]);
    numbers.insert(match[2]);
  }
  EXPECT_EQ(facts.size(), 101U);
  EXPECT_EQ(keys.size(), facts.size());
  EXPECT_EQ(numbers.size(), facts.size());
}

TEST(LongContextDistractors, AreFewerThanTheAnswersInWordCounts) {
  const auto common =
      count_words(generate_long_context({.kind = Kind::common_words, .bytes = 8192}).prompt);
  EXPECT_GT(common[4].first, 10);
  EXPECT_EQ(common[5].first, 2);
  const auto frequent =
      count_words(generate_long_context({.kind = Kind::frequent_words, .bytes = 8192}).prompt);
  EXPECT_NEAR(double(frequent[0].first) / frequent[3].first, 8, 0.5);  // 4^1.5
}

TEST(LongContextOptions, AreRefusedOutOfRange) {
  EXPECT_THROW(generate_long_context({.bytes = 1023}), InvalidArgument);
  EXPECT_THROW(generate_long_context({.bytes = (std::size_t{1} << 22) + 1}), InvalidArgument);
  EXPECT_THROW(generate_long_context({.depth = -0.1}), InvalidArgument);
  EXPECT_THROW(generate_long_context({.depth = 1.1}), InvalidArgument);
  EXPECT_THROW(generate_long_context({.depth = std::numeric_limits<double>::quiet_NaN()}),
               InvalidArgument);
  EXPECT_THROW(generate_long_context({.kind = static_cast<Kind>(9)}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::data
