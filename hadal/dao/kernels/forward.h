#pragma once

// Plain types only: this is compiled once an instruction set.
#include <stdint.h>

namespace hadal::dao::kernels {

/// Queries and keys are worked on in blocks of this many.
inline constexpr int kBlock = 64;
/// Key blocks whose scores are held at once.
inline constexpr int kSpan = 2;
/// Queries of a block are worked on in multiples of this many.
inline constexpr int kRowStep = 8;
/// Tasks that are run together, at most.
inline constexpr int kMostTasks = 8;
/// Head sizes are padded with zeros to a multiple of this.
inline constexpr int kHeadStep = 32;

/// One head's keys and values, packed for the kernels of an element type; `padded` is the head size
/// rounded up to kHeadStep. Keys beyond `keys` are zeros.
struct Packed {
  const void* keys;    ///< float [blocks][padded][kBlock], or bf16 [blocks][padded / 2][kBlock][2]
  const void* values;  ///< float [blocks][kBlock][padded], or bf16 [blocks][kBlock / 2][padded][2]
  int64_t block_stride;  ///< elements between blocks
  const int32_t* pages;  ///< which of the blocks in memory each one is; null: they lie in order
};

/// Elements before a block's keys, and before its values.
inline int64_t place_of(const Packed& head, int64_t block) {
  return (head.pages ? head.pages[block] : block) * head.block_stride;
}

/// A window that hides nothing, such that no difference to it overflows.
inline constexpr int64_t kNoWindow = int64_t{1} << 60;

/// One block of queries of one head, and what it looks at.
struct Task {
  const void* queries;  ///< float or bf16 [rows][head_dim], rows `query_stride` elements apart
  int64_t query_stride;
  int64_t rows;  ///< 1 to kBlock
  int64_t head_dim;
  int64_t padded;  ///< head_dim rounded up to kHeadStep
  Packed head;
  const int32_t* blocks;  ///< the key blocks, ascending; null: `first_block` and on
  int64_t first_block;
  int64_t block_count;
  int64_t first_limit;  ///< row r sees the keys before first_limit + r limit_step, at most `keys`
  int64_t limit_step;   ///< 1 where causal, else 0
  int64_t window;       ///< and of these the last so many before its limit
  int64_t keys;
  const uint64_t* real;  ///< a word a key block, a bit a key: 0 for padding; null: all are real
  bool careful;          ///< some value is not finite and must not reach those that do not see it
  float scale;           ///< of the scores
  void* output;          ///< float or bf16 [rows][head_dim], rows `output_stride` elements apart
  bool output_is_bf16;
  int64_t output_stride;
  float* log_sum_exp;  ///< [rows], natural logarithm; -infinity for a row that sees nothing
  float* kept;         ///< kept_floats(padded) floats, aligned to 64 bytes
  float* scratch;      ///< kScratchFloats floats, aligned to 64 bytes; tasks may share them
};

/// Floats of memory that a task keeps while it runs: queries, output, and the running maximum and
/// sum of each row.
inline int64_t kept_floats(int64_t padded) { return kBlock * (2 * padded + 2); }
/// Floats of scratch memory: scores and weights of a span.
inline constexpr int64_t kScratchFloats = 2 * kBlock * kSpan * kBlock;

}  // namespace hadal::dao::kernels
