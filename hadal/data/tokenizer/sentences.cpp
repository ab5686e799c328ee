#include "hadal/data/tokenizer/sentences.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hadal::data {
namespace {

using Sentence = std::vector<std::string>;

constexpr std::string_view kBlanks = " \t\r\n\v\f";
constexpr std::array<std::string_view, 3> kEnds{".", "!", "?"};
constexpr std::array<std::string_view, 6> kClosers{")", "]", "}", "''", "\u201d", "\u2019"};
constexpr std::array<std::string_view, 2> kEither{"'", "\""};  // opens or closes

template <class Words>
bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The next word of `text`, which is cut after it; empty at the end.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

/// Whether `word` still belongs to a `sentence` that has ended.
bool trails(const Sentence& sentence, std::string_view word) {
  if (has(kEnds, word) || has(kClosers, word)) return true;
  return has(kEither, word) && std::count(sentence.begin(), sentence.end(), word) % 2 == 1;
}

}  // namespace

std::vector<Sentence> split_sentences(std::string_view text) {
  std::vector<Sentence> sentences;
  Sentence sentence;
  bool ended = false;
  while (true) {
    const std::string_view word = take_word(text);
    if (word.empty()) break;
    if (ended && !trails(sentence, word)) {
      sentences.push_back(std::exchange(sentence, {}));
      ended = false;
    }
    ended = ended || has(kEnds, word);
    sentence.emplace_back(word);
  }
  if (!sentence.empty()) sentences.push_back(std::move(sentence));
  return sentences;
}

}  // namespace hadal::data
