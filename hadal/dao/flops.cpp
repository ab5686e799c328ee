#include "hadal/dao/flops.h"

#include "hadal/dao/compute.h"
#include "hadal/dao/key_bits.h"
#include "hadal/dao/visible.h"

#include <algorithm>
#include <bit>

namespace hadal::dao {
namespace {

/// Pairs of a query and a key.
struct Pairs {
  std::int64_t visible = 0;
  std::int64_t forward = 0;   ///< executed
  std::int64_t backward = 0;  ///< executed
};

/// Keys of `words` (null: all are real) from `first` on and before `end`, at most a block of them.
std::int64_t real_keys(const std::uint64_t* words, std::int64_t first, std::int64_t end) {
  const std::int64_t count = std::clamp<std::int64_t>(end - first, 0, kBlockSize);
  if (words == nullptr || count == 0) return count;
  return std::popcount(words[first / kBlockSize] << (kBlockSize - count));
}

/// Adds what `rows` queries and a block of keys have between them.
void add_block(const VisibleBlocks& visible, std::int64_t rows, std::int64_t block,
               std::int64_t keys, const std::uint64_t* words, Pairs& pairs) {
  const std::int64_t first = block * kBlockSize;
  if (real_keys(words, first, keys) == 0) return;  // all padding: skipped
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t limit = visible.first_limit + row * visible.limit_step;
    pairs.visible += real_keys(words, first, std::min(limit, keys));
  }
  constexpr std::int64_t kStep = kernels::kRowStep;
  pairs.forward += (rows + kStep - 1) / kStep * kStep * kBlockSize;
  pairs.backward += kBlockSize * kBlockSize;
}

Pairs count(const at::Tensor& query, const at::Tensor& key, const std::optional<BlockLists>& lists,
            const AttentionOptions& options) {
  const KeyBits real(options.key_mask);
  const std::int64_t queries = query.size(2);
  const std::int64_t keys = key.size(2);
  const std::int64_t blocks = blocks_of(queries);
  Pairs pairs;
  for (std::int64_t row = 0; row < query.size(0) * query.size(1) * blocks; ++row) {
    const std::int64_t first = row % blocks * kBlockSize;
    const std::int64_t rows = std::min(kBlockSize, queries - first);
    const VisibleBlocks visible =
        visible_blocks(lists ? &*lists : nullptr, row, first, rows, queries, keys, options.causal);
    const std::uint64_t* words = real.of(row / blocks / query.size(1));
    for (std::int64_t i = 0; i < visible.count; ++i) {
      add_block(visible, rows, visible.blocks ? visible.blocks[i] : i, keys, words, pairs);
    }
  }
  return pairs;
}

FlopCount flops_of(std::int64_t products, std::int64_t visible, std::int64_t executed,
                   std::int64_t head_dim) {
  const auto each = 2 * static_cast<double>(products);
  return {each * static_cast<double>(visible) * static_cast<double>(head_dim),
          each * static_cast<double>(executed) * static_cast<double>(padded_head(head_dim))};
}

}  // namespace

FlopCount forward_flops(const at::Tensor& query, const at::Tensor& key,
                        const std::optional<BlockLists>& lists, const AttentionOptions& options) {
  const Pairs pairs = count(query, key, lists, options);
  return flops_of(2, pairs.visible, pairs.forward, query.size(3));
}

FlopCount backward_flops(const at::Tensor& query, const at::Tensor& key,
                         const std::optional<BlockLists>& lists, const AttentionOptions& options) {
  const Pairs pairs = count(query, key, lists, options);
  return flops_of(5, pairs.visible, pairs.backward, query.size(3));
}

}  // namespace hadal::dao
