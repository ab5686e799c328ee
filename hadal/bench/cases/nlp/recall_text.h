#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// Real text in which facts are planted and asked for later, to train and to measure recall over a
/// distance (after the needles of RULER, Hsieh et al., 2024, and the associative recall of Arora et
/// al., 2023). Ids up to 255 are bytes. A fact is one symbol, kFirstFact + subject kValues + value;
/// a question about its subject is the symbol kFirstQuestion + subject, which the fact follows once
/// more, as the answer: to be found where it was planted, 1 of kValues where it is guessed.
inline constexpr std::int64_t kSubjects = 16;
inline constexpr std::int64_t kValues = 16;
inline constexpr std::int64_t kFirstFact = 256;
inline constexpr std::int64_t kFirstQuestion = kFirstFact + kSubjects * kValues;
inline constexpr std::int64_t kRecallVocabulary = kFirstQuestion + kSubjects;

/// What ignore_index of a cross-entropy leaves out.
inline constexpr std::int64_t kNoTarget = -100;

struct RecallText {
  at::Tensor ids;       ///< int64 [n, tokens]
  at::Tensor targets;   ///< int64 [n, tokens]: the id that follows, kNoTarget where that is chance
  at::Tensor distance;  ///< int64 [n, tokens]: from a question to its fact; 0 where no question is
};

/// The examples `indices`, int64 [n] on the CPU, of `tokens` tokens: each a window at a random
/// place of `text`, int64 bytes, with up to kSubjects facts and a question about each, whose
/// distance is uniform from 8 to tokens - 2. Symbols take the place of bytes; as many are planted
/// as find room. An example depends on `text`, `tokens`, `seed` and its index alone. Throws
/// InvalidArgument for fewer than 32 tokens, or more than `text` has.
RecallText recall_text(const at::Tensor& text, std::int64_t tokens, std::uint64_t seed,
                       const at::Tensor& indices);

}  // namespace hadal::bench
