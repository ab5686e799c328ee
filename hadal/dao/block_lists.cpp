#include "hadal/dao/block_lists.h"

#include "hadal/core/error.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/zeros.h>

namespace hadal::dao {

BlockLists block_lists(const at::Tensor& mask) {
  if (!mask.defined() || mask.scalar_type() != at::kBool || mask.dim() != 4) {
    throw InvalidArgument(concat(
        "block_lists: expected a bool mask [batch, heads, query blocks, key blocks], got ",
        mask.defined() ? concat(mask.scalar_type(), " ", mask.sizes()) : "an undefined tensor"));
  }
  const at::Tensor rows = mask.to(at::kCPU).flatten(0, 2);
  const at::Tensor counts = rows.sum(1, /*keepdim=*/false, at::kLong);
  return {.offsets = at::cat({at::zeros({1}, at::kLong), counts.cumsum(0)}),
          .blocks = at::nonzero(rows).select(1, 1).to(at::kInt).contiguous()};
}

}  // namespace hadal::dao
