#pragma once

#include "hadal/dao/block_lists.h"

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// The tokens of one sequence in a tensor [batch, heads, tokens, head_dim]. What is kept a block
/// lies in this order: segment, head, block.
struct Segment {
  std::int64_t batch;
  std::int64_t first;
  std::int64_t tokens;
  std::int64_t blocks_before;  ///< of one head, in all segments before

  std::int64_t blocks() const { return blocks_of(tokens); }
  /// Where a block of a head lies among those of all segments and heads.
  std::int64_t place(std::int64_t heads, std::int64_t head, std::int64_t block) const {
    return blocks_before * heads + head * blocks() + block;
  }
};

/// One of a segment's blocks.
struct SegmentBlock {
  std::size_t segment;
  std::int64_t block;
};

/// All sequences of a tensor.
class Segments {
 public:
  /// One a batch entry, of `tokens` each.
  Segments(std::int64_t batch, std::int64_t tokens);
  /// Of one batch entry, from each offset to the next: int64, rising from 0, contiguous.
  explicit Segments(const at::Tensor& offsets);

  std::size_t size() const { return segments_.size(); }
  const Segment& operator[](std::size_t i) const { return segments_[i]; }
  /// Of one head, in all segments.
  std::int64_t blocks() const { return blocks_; }
  /// All blocks of one head, in the order of their numbers: the first of each segment first.
  const std::vector<SegmentBlock>& by_number() const { return by_number_; }

 private:
  void add(std::int64_t batch, std::int64_t first, std::int64_t tokens);
  void sort();

  std::vector<Segment> segments_;
  std::vector<SegmentBlock> by_number_;
  std::int64_t blocks_ = 0;
};

/// Queries and keys of the same sequences.
struct Sequences {
  Segments queries, keys;
};

}  // namespace hadal::dao
