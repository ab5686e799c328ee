#include "hadal/data/generate/word_counts.h"

#include "hadal/core/random.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hadal::data {
namespace {

constexpr std::size_t kLetters = 6;  // of each word, so that counts of words give counts of bytes

/// Word `index` of a million of the form "bakume", different for each index, in an order that
/// `shift` and `factor` make.
class Vocabulary {
 public:
  explicit Vocabulary(Random& random)
      : shift_(random.below(kSize)), factor_(10 * random.below(kSize / 10) + 3) {}

  std::string word(std::uint64_t index) const {
    // An affine map modulo 10^6 with a factor that ends in 3, and so shares no divisor with it.
    std::uint64_t code = (index * factor_ + shift_) % kSize;
    std::string text;
    for (std::size_t i = 0; i < kLetters; i += 2, code /= 100) {
      text += "bcdfghjklmnprstvwxyz"[code % 20];
      text += "aeiou"[code / 20 % 5];
    }
    return text;
  }

 private:
  static constexpr std::uint64_t kSize = 1'000'000;
  std::uint64_t shift_, factor_;
};

/// A prompt of exactly `bytes` with word i of `vocabulary` `counts[i]` times, in random order; new
/// lines fill what is left. `answer` is set.
LongContextTask assemble(std::size_t bytes, const std::string& instruction,
                         const Vocabulary& vocabulary, const std::vector<std::size_t>& counts,
                         const std::string& question, std::vector<std::string> answers,
                         Random& random) {
  std::vector<std::size_t> words;
  for (std::size_t i = 0; i < counts.size(); ++i) words.insert(words.end(), counts[i], i);
  random.shuffle(words);
  LongContextTask task;
  task.prompt = instruction;
  for (const std::size_t i : words) task.prompt += vocabulary.word(i) + " ";
  task.answer_position = task.prompt.find(answers[0]);
  task.prompt.append(bytes - task.prompt.size() - question.size(), '\n');
  task.prompt += question;
  for (const auto& word : answers) task.answer += (task.answer.empty() ? "" : " ") + word;
  return task;
}

std::size_t words_between(std::size_t bytes, const std::string& instruction,
                          const std::string& question) {
  return (bytes - instruction.size() - question.size()) / (kLetters + 1);
}

}  // namespace

LongContextTask make_common_words_task(const LongContextOptions& options) {
  constexpr std::size_t kCommon = 5;
  const std::string instruction = "Read the words and remember which occur most often.\n\n";
  const std::string question =
      "\n\nWhich 5 words occur more than twice, in the order of the alphabet? Answer:";
  Random random(options.seed, "common words");
  const Vocabulary vocabulary(random);
  const std::size_t total = words_between(options.bytes, instruction, question);
  std::vector<std::size_t> counts(kCommon, total / 20);
  counts.resize(kCommon + (total - kCommon * (total / 20)) / 2, 2);
  std::vector<std::string> answers;
  for (std::size_t i = 0; i < kCommon; ++i) answers.push_back(vocabulary.word(i));
  std::sort(answers.begin(), answers.end());
  return assemble(options.bytes, instruction, vocabulary, counts, question, answers, random);
}

LongContextTask make_frequent_words_task(const LongContextOptions& options) {
  constexpr double kExponent = 1.5;
  constexpr double kSum = 2.612;  // of r^-1.5 over all r
  const std::string instruction = "Read the words and remember which occur most often.\n\n";
  const std::string question =
      "\n\nWhich 3 words occur most often, the most frequent first? Answer:";
  Random random(options.seed, "frequent words");
  const Vocabulary vocabulary(random);
  std::size_t left = words_between(options.bytes, instruction, question);
  const double first = static_cast<double>(left) / kSum;
  std::vector<std::size_t> counts;
  while (left > 0) {
    const double rank = static_cast<double>(counts.size() + 1);
    const auto count = static_cast<std::size_t>(first * std::pow(rank, -kExponent));
    counts.push_back(std::clamp<std::size_t>(count, 1, left));
    left -= counts.back();
  }
  return assemble(options.bytes, instruction, vocabulary, counts, question,
                  {vocabulary.word(0), vocabulary.word(1), vocabulary.word(2)}, random);
}

}  // namespace hadal::data
