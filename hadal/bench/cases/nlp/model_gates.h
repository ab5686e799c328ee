#pragma once

#include "hadal/dao/select/scorer.h"
#include "hadal/models/decoder_lm.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

struct GateTraining {
  std::uint64_t seed = 0;
  std::function<void()> check_interrupt = {};
};

/// A gate for each layer of `model`, distilled from its dense attention over each row of `ids`,
/// int64 [n, tokens]; the model stays as it is.
std::vector<std::shared_ptr<const dao::BlockScorer>> distil_gates(models::DecoderLm model,
                                                                  const at::Tensor& ids,
                                                                  const GateTraining& training);

}  // namespace hadal::bench
