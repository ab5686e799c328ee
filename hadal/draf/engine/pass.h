#pragma once

#include "hadal/draf/model/model.h"
#include "hadal/draf/scheduler/scheduler.h"

#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::draf {

/// What Model::forward() takes.
struct Pass {
  at::Tensor ids, positions, rows;
};

/// The pass over the slices' tokens in their order, with the logits of the last of each slice that
/// ends its request's pending tokens.
Pass pass_of(const std::vector<Slice>& slices);

/// Throws Error where a model gave something else than it had to.
void check_logits(const at::Tensor& logits, const Pass& pass, const ModelShape& shape);

}  // namespace hadal::draf
