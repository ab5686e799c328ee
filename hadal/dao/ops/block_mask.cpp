#include "hadal/dao/ops/block_mask.h"

#include "hadal/core/error.h"

#include <array>

#include <ATen/ops/zeros.h>

namespace hadal::dao::ops {
namespace {

std::array<std::int64_t, 4> mask_sizes(const at::Tensor& query, const at::Tensor& key) {
  return {query.size(0), query.size(1), blocks_of(query.size(2)), blocks_of(key.size(2))};
}

}  // namespace

std::optional<BlockLists> lists_of(const std::optional<at::Tensor>& block_mask,
                                   const at::Tensor& query, const at::Tensor& key) {
  if (!block_mask || query.dim() != 4 || key.dim() != 4) return {};  // the latter is told later
  const auto sizes = mask_sizes(query, key);
  if (block_mask->scalar_type() != at::kBool || !block_mask->sizes().equals(sizes)) {
    throw InvalidArgument(
        concat("attention: expected block_mask Bool ", at::IntArrayRef(sizes), ", got ",
               block_mask->scalar_type(), " ", block_mask->sizes()),
        concat("block_mask is [batch, heads, query blocks, key blocks], in blocks of ", kBlockSize,
               ", and true where kept"));
  }
  return block_lists(*block_mask);
}

at::Tensor mask_of(const BlockLists& lists, const at::Tensor& query, const at::Tensor& key) {
  const at::Tensor mask = at::zeros(mask_sizes(query, key), at::kBool);
  const std::int64_t key_blocks = mask.size(3);
  const auto* offsets = lists.offsets.const_data_ptr<std::int64_t>();
  const auto* blocks = lists.blocks.const_data_ptr<std::int32_t>();
  bool* row = mask.mutable_data_ptr<bool>();
  for (std::int64_t i = 0; i + 1 < lists.offsets.size(0); ++i, row += key_blocks) {
    for (std::int64_t j = offsets[i]; j < offsets[i + 1]; ++j) row[blocks[j]] = true;
  }
  return mask;
}

}  // namespace hadal::dao::ops
