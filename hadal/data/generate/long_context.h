#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hadal::data {

/// After the tasks of RULER (Hsieh et al., 2024).
enum class LongContextKind {
  needle,             ///< one "magic number" in prose
  multi_key_needle,   ///< the same among others, one every 400 bytes and at most 500
  variable_tracking,  ///< all names of one value, through assignments, among other chains
  common_words,       ///< the five words that occur often among words that occur twice
  frequent_words      ///< the three most frequent of words by Zipf's law
};

/// All kinds' names, as in the enumeration; for identifiers and messages.
std::string_view name_of(LongContextKind kind);

struct LongContextOptions {
  LongContextKind kind = LongContextKind::needle;
  std::size_t bytes = 4096;  ///< the prompt's length; 1,024 to 2^22
  double depth = 0.5;        ///< where the answer is in the context, from 0 (start) to 1 (end)
  std::uint64_t seed = 0;
};

struct LongContextTask {
  std::string prompt;  ///< instruction, context and question; ends in "Answer:"
  std::string answer;  ///< what should follow; of several words, in the order that the prompt asks
  /// The offset in `prompt` of what the answer rests on: the needle's number, the value that starts
  /// the chain, or the first occurrence of the first answer word. `depth` sets it for all kinds but
  /// the two word counts, whose evidence is everywhere.
  std::size_t answer_position = 0;
};

/// A task with a prompt of exactly `bytes` bytes of ASCII. No other number, chain or word in it
/// fits the question. Deterministic for the options. Throws InvalidArgument, naming the option, for
/// options out of range.
LongContextTask generate_long_context(const LongContextOptions& options);

}  // namespace hadal::data
