#pragma once

// Which pairs of blocks a thread block works on, and which elements of a pair count.
#include "hadal/dao/kernels/cuda/device.cuh"

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

HADAL_DEVICE int smaller(int a, int b) { return a < b ? a : b; }

/// The lowest `count` bits, of 64.
HADAL_DEVICE std::uint64_t first_bits(int count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

/// What a thread block works on: a block of a head's queries or keys.
struct Item {
  int batch, head, block;
};

/// Thread blocks that run at once share a head's keys and values, which so stay in the cache.
HADAL_DEVICE Item item_of(std::int64_t index, int heads, int blocks) {
  const auto row = static_cast<int>(index / blocks);
  return {row / heads, row % heads, static_cast<int>(index % blocks)};
}

/// How many keys the first query sees, negative where it is even the next ones that see some.
HADAL_DEVICE int first_limit_of(const Shape& shape) {
  return shape.causal ? 1 + shape.keys - shape.queries : shape.keys;
}

struct KeyBlock {
  int index;           ///< -1: there are no more
  std::uint64_t seen;  ///< its keys that exist and that the mask allows
};

/// Goes through the blocks of keys of one row.
class KeyBlocks {
 public:
  /// Entries `begin` to `end` of `blocks`, or just these numbers where it is null, as long as they
  /// are below `visible`. `mask` is that of the batch entry, or null.
  HADAL_DEVICE KeyBlocks(const std::int32_t* blocks, std::int64_t begin, std::int64_t end,
                         int visible, int keys, KeyMask mask)
      : blocks_(blocks == nullptr ? nullptr : blocks + begin),
        at_(blocks == nullptr ? static_cast<int>(begin) : 0),
        end_(at_ + static_cast<int>(end - begin)),
        visible_(visible),
        keys_(keys),
        mask_(mask) {}

  HADAL_DEVICE KeyBlock next() {
    while (at_ < end_) {
      const int index = blocks_ != nullptr ? blocks_[at_] : at_;
      ++at_;
      if (index >= visible_) break;
      std::uint64_t seen = first_bits(keys_ - index * kBlock);
      if (mask_ != nullptr) seen &= mask_[index];
      if (seen != 0) return {index, seen};
    }
    at_ = end_;
    return {-1, 0};
  }

 private:
  const std::int32_t* blocks_;
  int at_, end_, visible_, keys_;
  KeyMask mask_;
};

/// The blocks of keys that block `item` of queries looks at.
HADAL_DEVICE KeyBlocks key_blocks_of(const Shape& shape, const Lists& lists, KeyMask key_mask,
                                     const Item& item) {
  const int last = smaller(item.block * kBlock + kBlock, shape.queries) - 1;
  const int limit = first_limit_of(shape) + (shape.causal ? last : 0);
  const int visible = limit <= 0 ? 0 : blocks_in(smaller(limit, shape.keys));
  const KeyMask mask =
      key_mask == nullptr ? nullptr : key_mask + std::int64_t{item.batch} * blocks_in(shape.keys);
  if (lists.offsets == nullptr) return {nullptr, 0, visible, visible, shape.keys, mask};
  const std::int64_t row =
      (std::int64_t{item.batch} * shape.heads + item.head) * blocks_in(shape.queries) + item.block;
  return {lists.blocks, lists.offsets[row], lists.offsets[row + 1], visible, shape.keys, mask};
}

struct QueryBlock {
  int head;   ///< -1: there are no more
  int index;  ///< of the head's blocks of queries
};

/// Goes through the blocks of queries, of all heads of a group, that look at a block of keys.
class QueryBlocks {
 public:
  /// `item` is a block of a key head.
  HADAL_DEVICE QueryBlocks(const Shape& shape, const Lists& transposed, const Item& item)
      : transposed_(transposed),
        blocks_(blocks_in(shape.queries)),
        key_blocks_(blocks_in(shape.keys)),
        key_block_(item.block) {
    const int group = shape.heads / shape.kv_heads;
    first_head_ = item.batch * shape.heads;
    head_ = item.head * group;
    end_head_ = head_ + group;
    // Causal, the first query that sees the block's first key.
    const int first = shape.causal ? item.block * kBlock + 1 - first_limit_of(shape) : 0;
    first_ = first <= 0 ? 0 : first / kBlock;
    open_head();
  }

  HADAL_DEVICE QueryBlock next() {
    while (head_ < end_head_) {
      while (at_ < end_) {
        const int index =
            transposed_.offsets != nullptr ? transposed_.blocks[at_] : static_cast<int>(at_);
        ++at_;
        if (index >= first_) return {head_, index};
      }
      ++head_;
      open_head();
    }
    return {-1, 0};
  }

 private:
  HADAL_DEVICE void open_head() {
    at_ = first_;
    end_ = blocks_;
    if (transposed_.offsets == nullptr || head_ >= end_head_) return;
    const std::int64_t row = (std::int64_t{first_head_} + head_) * key_blocks_ + key_block_;
    at_ = transposed_.offsets[row];
    end_ = transposed_.offsets[row + 1];
  }

  Lists transposed_;
  int blocks_, key_blocks_, key_block_;
  int first_head_, head_, end_head_, first_;
  std::int64_t at_, end_;
};

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
