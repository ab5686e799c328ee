#include "hadal/dao/kernels/cuda/upload.h"

#include "hadal/dao/key_bits.h"
#include "hadal/dao/query_lists.h"

#include <algorithm>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

namespace hadal::dao::kernels::cuda {

BlockLists transposed(const BlockLists& lists, std::int64_t query_blocks, std::int64_t key_blocks) {
  const std::int64_t heads = query_blocks == 0 ? 0 : (lists.offsets.size(0) - 1) / query_blocks;
  // The heads of a batch lie as those of one sequence do.
  const QueryLists by_keys(
      lists, {Segments(1, query_blocks * kBlockSize), Segments(1, key_blocks * kBlockSize)}, heads);
  BlockLists result{.offsets = at::zeros({heads * key_blocks + 1}, at::kLong),
                    .blocks = at::empty(lists.blocks.sizes(), at::kInt)};
  auto* offset = result.offsets.mutable_data_ptr<std::int64_t>();
  auto* block = result.blocks.mutable_data_ptr<std::int32_t>();
  for (std::int64_t row = 0; row < heads * key_blocks; ++row) {
    const auto queries = by_keys.of(row);
    block = std::copy(queries.begin(), queries.end(), block);
    offset[row + 1] = offset[row] + static_cast<std::int64_t>(queries.size());
  }
  return result;
}

at::Tensor mask_words(const at::Tensor& mask) {
  const at::Tensor words = at::empty({mask.size(0), blocks_of(mask.size(1))}, at::kLong);
  if (words.numel() == 0) return words;
  std::copy_n(KeyBits(mask).of(0), words.numel(),
              static_cast<std::uint64_t*>(words.mutable_data_ptr()));
  return words;
}

}  // namespace hadal::dao::kernels::cuda
