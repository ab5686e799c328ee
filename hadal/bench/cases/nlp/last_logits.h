#pragma once

#include "hadal/draf/model/model.h"

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// The logits of the last token of `prompt` by a model of draf without a cache, [vocabulary].
at::Tensor last_logits(const draf::Model& model, const std::vector<std::int64_t>& prompt);

}  // namespace hadal::bench
