#pragma once

#include "hadal/bench/cases/nlp/recall_text.h"
#include "hadal/models/decoder_lm.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// exp of the mean negative log likelihood of each token of `text`, int64 [n], but the first of
/// each window of the model's context and one more, given those before it in the window. Tokens
/// after the last whole window do not count.
double perplexity(models::DecoderLm& model, const at::Tensor& text,
                  const models::AttentionFunction& attention = {});

/// Distances between a question and its fact that are told apart.
struct Distances {
  std::int64_t least, below;
};
inline constexpr std::array kDistances{Distances{8, 512}, Distances{512, 1024},
                                       Distances{1024, 2048}};

/// Questions asked at each of kDistances, and those answered right: the model's likeliest token is
/// the fact.
struct Recall {
  std::array<std::int64_t, kDistances.size()> asked{}, right{};

  double share(std::size_t distances) const;
  double share() const;  ///< over all distances
};

Recall recall(models::DecoderLm& model, const RecallText& text,
              const models::AttentionFunction& attention = {});

}  // namespace hadal::bench
