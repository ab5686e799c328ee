#include "hadal/data/metrics/rouge.h"

#include "hadal/data/metrics/lcs.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <unordered_map>

namespace hadal::data {
namespace {

/// Words as numbers that are equal where the words are.
using Words = std::vector<std::int32_t>;

class Vocabulary {
 public:
  Words numbers(std::string_view text) {
    Words words;
    for (std::string& word : rouge_words(text)) {
      words.push_back(numbers_.try_emplace(std::move(word), size()).first->second);
    }
    return words;
  }

  /// The words of each line that is not empty.
  std::vector<Words> lines(std::string_view text) {
    std::vector<Words> lines;
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      if (!line.empty()) lines.push_back(numbers(line));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return lines;
  }

  /// How many different words there were.
  std::int32_t size() const { return static_cast<std::int32_t>(numbers_.size()); }

 private:
  std::unordered_map<std::string, std::int32_t> numbers_;
};

RougeScore score(std::size_t common, std::size_t in_reference, std::size_t in_summary) {
  if (common == 0) return {};
  const auto hits = static_cast<double>(common);
  const double precision = hits / static_cast<double>(in_summary);
  const double recall = hits / static_cast<double>(in_reference);
  return {.precision = precision,
          .recall = recall,
          .f1 = 2 * precision * recall / (precision + recall)};
}

/// Runs of `length` words, 1 or 2, sorted.
std::vector<std::uint64_t> sorted_runs(const Words& words, std::size_t length) {
  std::vector<std::uint64_t> runs;
  for (std::size_t i = 0; i + length <= words.size(); ++i) {
    std::uint64_t run = 0;
    for (std::size_t j = 0; j < length; ++j) {
      run = run << 32 | static_cast<std::uint32_t>(words[i + j]);
    }
    runs.push_back(run);
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

RougeScore rouge_n(const Words& reference, const Words& summary, std::size_t length) {
  const auto a = sorted_runs(reference, length);
  const auto b = sorted_runs(summary, length);
  std::vector<std::uint64_t> common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return score(common.size(), a.size(), b.size());
}

std::size_t word_count(const std::vector<Words>& lines) {
  std::size_t count = 0;
  for (const Words& line : lines) count += line.size();
  return count;
}

/// How often each of the first `vocabulary` numbers comes.
std::vector<std::size_t> counts(const std::vector<Words>& lines, std::int32_t vocabulary) {
  std::vector<std::size_t> result(static_cast<std::size_t>(vocabulary));
  for (const Words& line : lines) {
    for (const std::int32_t word : line) ++result[static_cast<std::size_t>(word)];
  }
  return result;
}

/// Section 3.2 of the paper, but, as in its program, no word counts oftener than either text has
/// it.
RougeScore rouge_lsum(const std::vector<Words>& reference, const std::vector<Words>& summary,
                      std::int32_t vocabulary) {
  auto left_in_reference = counts(reference, vocabulary);
  auto left_in_summary = counts(summary, vocabulary);
  std::size_t hits = 0;
  for (const Words& line : reference) {
    std::vector<bool> in_union(line.size());
    for (const Words& other : summary) {
      for (const std::size_t place : lcs_positions(line, other)) in_union[place] = true;
    }
    for (std::size_t i = 0; i < line.size(); ++i) {
      const auto word = static_cast<std::size_t>(line[i]);
      if (!in_union[i] || left_in_reference[word] == 0 || left_in_summary[word] == 0) continue;
      --left_in_reference[word];
      --left_in_summary[word];
      ++hits;
    }
  }
  return score(hits, word_count(reference), word_count(summary));
}

}  // namespace

std::vector<std::string> rouge_words(std::string_view text) {
  constexpr std::string_view kKelvinSign = "\u212a";
  constexpr std::string_view kDottedCapitalI = "\u0130";
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const std::string_view rest = text.substr(i);
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word += c;
    } else if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if (rest.starts_with(kKelvinSign)) {
      word += 'k';
      i += kKelvinSign.size() - 1;
    } else if (rest.starts_with(kDottedCapitalI)) {
      word += 'i';  // a dot above follows, which is no letter of ASCII
      end_word();
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

RougeScores rouge(std::string_view reference, std::string_view summary) {
  Vocabulary vocabulary;
  const Words a = vocabulary.numbers(reference);
  const Words b = vocabulary.numbers(summary);
  const auto a_lines = vocabulary.lines(reference);
  const auto b_lines = vocabulary.lines(summary);
  return {.rouge_1 = rouge_n(a, b, 1),
          .rouge_2 = rouge_n(a, b, 2),
          .rouge_l = score(lcs_length(a, b), a.size(), b.size()),
          .rouge_lsum = rouge_lsum(a_lines, b_lines, vocabulary.size())};
}

}  // namespace hadal::data
