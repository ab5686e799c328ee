#pragma once

#include "hadal/bench/cases/nlp/text_corpus.h"
#include "hadal/models/decoder_lm.h"

namespace hadal::bench {

/// Tokens that the model sees at once.
inline constexpr std::int64_t kRecallContext = 2048;

/// A small decoder over bytes, trained on text in which facts are planted: first on short windows,
/// where it soon learns to look for a fact, then on longer ones, up to the context. Attention is
/// Hadal's, dense.
models::DecoderLm train_recall_lm(const TextCorpus& corpus, const Context& context);

}  // namespace hadal::bench
