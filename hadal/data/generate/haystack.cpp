#include "hadal/data/generate/haystack.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/data/generate/text.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

namespace hadal::data {
namespace {

constexpr auto kAdjectives = std::to_array<std::string_view>(
    {"amber", "brave", "calm",  "dusty", "eager", "faint", "gentle", "hollow",
     "icy",   "jolly", "keen",  "lucky", "misty", "noble", "orange", "plain",
     "quick", "rusty", "salty", "tiny",  "upper", "vivid", "windy",  "young"});
constexpr auto kNouns = std::to_array<std::string_view>(
    {"anchor", "bottle", "candle", "dragon", "engine", "falcon", "garden", "hammer",
     "island", "jacket", "kettle", "ladder", "magnet", "needle", "orchid", "pencil",
     "quartz", "rocket", "saddle", "tunnel", "urchin", "violin", "walnut", "zephyr"});

/// A sentence to hide, and where: 0 is the start of the prose and 1 its end.
struct Hidden {
  double depth;
  std::string sentence;
  bool is_target;  ///< the sentence that the answer rests on
};

/// `count` different strings from `draw`.
template <class Draw>
std::vector<std::string> distinct(std::size_t count, Draw draw) {
  std::set<std::string> seen;
  std::vector<std::string> result;
  while (result.size() < count) {
    std::string value = draw();
    if (seen.insert(value).second) result.push_back(std::move(value));
  }
  return result;
}

/// The end of the last sentence that ends at `limit` or before it.
std::size_t sentence_end(const std::string& prose, std::size_t limit) {
  for (std::size_t i = limit; i > 0; --i) {
    const bool ends =
        prose[i - 1] == '.' && (i == prose.size() || prose[i] == ' ' || prose[i] == '\n');
    if (ends) return i;
  }
  return 0;
}

/// A prompt of exactly `options.bytes` with the sentences in prose, in order of depth, and those of
/// equal depth in the order given. `target_offset` is that of the evidence within its sentence.
LongContextTask assemble(const LongContextOptions& options, const std::string& instruction,
                         std::vector<Hidden> hidden, const std::string& question,
                         std::size_t target_offset) {
  std::stable_sort(hidden.begin(), hidden.end(),
                   [](const Hidden& a, const Hidden& b) { return a.depth < b.depth; });
  std::size_t taken = instruction.size() + question.size();
  for (const auto& item : hidden) taken += item.sentence.size() + 1;
  if (taken > options.bytes) {
    throw Error(concat("generate_long_context: ", name_of(options.kind), " takes ", taken,
                       " bytes of ", options.bytes));
  }
  const std::string prose = generate_text(options.bytes - taken, options.seed);
  LongContextTask task;
  task.prompt = instruction;
  std::size_t written = 0;
  for (const auto& item : hidden) {
    const auto limit = static_cast<std::size_t>(item.depth * static_cast<double>(prose.size()));
    const std::size_t end = std::max(written, sentence_end(prose, limit));
    task.prompt.append(prose, written, end - written);
    written = end;
    task.prompt += end == 0 ? item.sentence + " " : " " + item.sentence;
    if (item.is_target) {
      task.answer_position =
          task.prompt.size() - item.sentence.size() - (end == 0 ? 1 : 0) + target_offset;
    }
  }
  task.prompt.append(prose, written);
  task.prompt += question;
  return task;
}

std::string draw_number(Random& random, std::int64_t digits_low, std::int64_t digits_high) {
  return std::to_string(random.between(digits_low, digits_high));
}

}  // namespace

LongContextTask make_needle_task(const LongContextOptions& options, std::size_t distractors) {
  Random random(options.seed, "needle");
  const auto keys = distinct(distractors + 1, [&] {
    return concat(kAdjectives[random.below(kAdjectives.size())], "-",
                  kNouns[random.below(kNouns.size())]);
  });
  const auto numbers =
      distinct(keys.size(), [&] { return draw_number(random, 1'000'000, 9'999'999); });
  std::vector<Hidden> hidden;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    hidden.push_back({i == 0 ? options.depth : random.uniform(),
                      concat("The magic number of ", keys[i], " is ", numbers[i], "."), i == 0});
  }
  auto task = assemble(options, "Read the text and remember the magic numbers in it.\n\n", hidden,
                       concat("\n\nWhat is the magic number of ", keys[0], "? Answer:"),
                       hidden[0].sentence.size() - numbers[0].size() - 1);
  task.answer = numbers[0];
  return task;
}

LongContextTask make_variable_task(const LongContextOptions& options) {
  constexpr std::size_t kLength = 5;
  Random random(options.seed, "variables");
  const std::size_t chains = 1 + std::min<std::size_t>(100, options.bytes / 1500);
  const auto names = distinct(chains * kLength, [&] {
    std::string name(5, ' ');
    for (char& c : name) c = static_cast<char>('A' + random.below(26));
    return name;
  });
  const auto values = distinct(chains, [&] { return draw_number(random, 10'000, 99'999); });
  std::vector<Hidden> hidden;
  for (std::size_t chain = 0; chain < chains; ++chain) {
    const double start = chain == 0 ? options.depth : random.uniform();
    std::array<double, kLength> depths{start};
    for (std::size_t i = 1; i < kLength; ++i) depths[i] = random.uniform(start, 1);
    std::sort(depths.begin(), depths.end());
    const auto* name = &names[chain * kLength];
    hidden.push_back({depths[0], concat("VAR ", name[0], " = ", values[chain], "."), chain == 0});
    for (std::size_t i = 1; i < kLength; ++i)
      hidden.push_back({depths[i], concat("VAR ", name[i], " = VAR ", name[i - 1], "."), false});
  }
  auto task = assemble(options, "Read the text and follow the assignments in it.\n\n", hidden,
                       concat("\n\nWhich ", kLength, " variables hold ", values[0],
                              ", in the order in which they were assigned? Answer:"),
                       hidden[0].sentence.size() - values[0].size() - 1);
  for (std::size_t i = 0; i < kLength; ++i) task.answer += (i == 0 ? "" : " ") + names[i];
  return task;
}

}  // namespace hadal::data
