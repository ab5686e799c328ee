#pragma once

#include "hadal/bench/cases/nlp/selected_attention.h"
#include "hadal/models/decoder_lm.h"

#include <functional>
#include <string>
#include <vector>

namespace hadal::bench {

/// A way to choose blocks that can be given a budget.
struct BlockChoice {
  std::string name;
  /// A selector for each layer, which keeps the share `keep` of what queries see, or what comes
  /// nearest.
  std::function<SelectedAttention::Selectors(double keep)> selectors;
};

/// The choices that need no training, for sequences of the model's context. All keep what
/// budget_of() says in any case. The mass of the threshold and the length of the window are those
/// with which they keep as much as the best blocks do: the mass on the windows `ids`, int64 [n,
/// context], which should not be those that are tested on; the window rather more than less.
std::vector<BlockChoice> training_free_choices(models::DecoderLm model, const at::Tensor& ids);

/// The blocks with the largest scores by `scorers`, one a layer.
BlockChoice choice_by(const std::string& name,
                      const std::vector<std::shared_ptr<const dao::BlockScorer>>& scorers);

/// The share `keep` with, inside of it, the first block and the diagonal, and the block before that
/// unless `keep` is below 0.15. The first queries of a sequence keep more for it.
dao::Budget budget_of(double keep);

}  // namespace hadal::bench
