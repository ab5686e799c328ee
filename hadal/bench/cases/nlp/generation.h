#pragma once

#include "hadal/dao/select/selector.h"
#include "hadal/models/decoder_lm.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// How a decoder generates.
struct GenerationOptions {
  std::int64_t prompt = 512;  ///< tokens, which are taken in at once, with dense attention
  /// What each further token looks at, by the scorers; everything where empty.
  std::optional<dao::Budget> budget = {};
  std::vector<std::shared_ptr<const dao::BlockScorer>> scorers = {};  ///< one a layer
};

struct Generation {
  double perplexity;  ///< of the tokens after the prompt
  double flops;       ///< of the prompt and of all steps, the whole model's and the choice's
  double kept;        ///< share of the pairs of a query and a key that the steps looked at
};

/// Generates with a cache in pages, one token a step, but goes on with the tokens of `ids`, int64
/// [n, tokens], in place of the model's own, so that their likelihood can be told: with the same
/// steps and the same work.
Generation generate_text_of(models::DecoderLm& model, const at::Tensor& ids,
                            const GenerationOptions& options);

}  // namespace hadal::bench
