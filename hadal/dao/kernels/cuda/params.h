#pragma once

// What attention's kernels for CUDA work on: plain structures that the host fills and hands over by
// value. Read by C++ and CUDA compilers alike.
#include <cstdint>

#if defined(__CUDACC__)
#define HADAL_HOST_DEVICE __host__ __device__
#else
#define HADAL_HOST_DEVICE
#endif

namespace hadal::dao::kernels::cuda {

/// Queries, and keys, of a block; tokens of a page of the cache.
inline constexpr int kBlock = 64;

/// Of a head's elements that are loaded at once, 16 bytes. Head sizes are multiples of it.
inline constexpr int kChunk = 8;
inline constexpr int kChunkBytes = 16;

inline constexpr int kLargestHead = 256;
inline constexpr int kLargestStride = 1 << 24;

HADAL_HOST_DEVICE inline int blocks_in(int tokens) { return (tokens + kBlock - 1) / kBlock; }

struct Bf16 {
  std::uint16_t bits;
};

/// A tensor [batch, heads, tokens, head_dim] with dense rows, which start at multiples of 16 bytes.
/// Strides are in elements.
template <class Element>
struct View {
  Element* data;
  std::int64_t batch_stride, head_stride;
  int token_stride;  ///< at most kLargestStride, so that offsets within a block are ints

  HADAL_HOST_DEVICE Element* at(std::int64_t batch, std::int64_t head, std::int64_t token) const {
    return data + batch * batch_stride + head * head_stride + token * std::int64_t{token_stride};
  }
};

struct Shape {
  int batch, heads, kv_heads, queries, keys;
  int head_dim;  ///< a multiple of kChunk, at most kLargestHead
  bool causal;   ///< query i of n sees the keys up to i + m - n of m
  float scale;   ///< of the scores, positive
};

/// Kept pairs of blocks as compressed rows, on the device; all pairs where `offsets` is null.
struct Lists {
  const std::int64_t* offsets;  ///< [rows + 1]
  const std::int32_t* blocks;   ///< ascending within a row
};

/// Keys that may be seen: bit k of word [b, i] is that of key k of block i of batch entry b. All
/// where null. Keys and values that may not be seen are not read.
using KeyMask = const std::uint64_t*;

struct ForwardParams {
  Shape shape;
  View<const Bf16> query, key, value;
  View<Bf16> output;
  float* log_sum_exp;  ///< [batch, heads, queries]; -infinity for a query that sees nothing
  Lists lists;         ///< rows [batch, heads, query blocks], of key blocks
  KeyMask key_mask;    ///< [batch, key blocks]
};

/// What the gradients of a query's scores take from the forward pass.
struct alignas(8) RowTerm {
  float log_sum_exp;  ///< binary logarithm; infinity for a query that sees nothing
  float delta;        ///< the weights' mean gradient, less the gradient of the log-sum-exp
};

struct BackwardParams {
  Shape shape;
  View<const Bf16> query, key, value, output, output_grad;
  const float* log_sum_exp;       ///< [batch, heads, queries], as the forward kernel gave it
  const float* log_sum_exp_grad;  ///< [batch, heads, queries], or null for zeros
  RowTerm* terms;                 ///< [batch, heads, queries], for the kernels themselves
  View<Bf16> query_grad, key_grad, value_grad;
  Lists lists;       ///< as in the forward pass
  Lists transposed;  ///< rows [batch, heads, key blocks], of query blocks
  KeyMask key_mask;  ///< [batch, key blocks]
};

/// Keys or values in pages of kBlock tokens. Strides are in elements.
struct Pages {
  const Bf16* data;
  std::int64_t page_stride, head_stride;
  int token_stride;
};

/// One query a head, that sees all keys of its sequence.
struct DecodeParams {
  int batch, heads, kv_heads;
  int head_dim;       ///< a multiple of kChunk, at most kLargestHead
  int heads_per_row;  ///< neighbouring heads that share a row of `lists`; divides heads / kv_heads
  float scale;
  View<const Bf16> query;  ///< [batch, heads, 1, head_dim]
  Pages key, value;
  const std::int32_t* page_table;  ///< [batch, pages]: where each page of a sequence lies
  std::int64_t pages;
  const std::int32_t* lengths;  ///< [batch], tokens of each sequence, at most kBlock pages
  Lists lists;                  ///< rows [batch, heads / heads_per_row], of a sequence's pages
  int splits;                   ///< each row's pages are worked on by this many thread blocks
  float* partial_output;        ///< [splits, batch, heads, head_dim]
  float* partial_log_sum_exp;   ///< [splits, batch, heads], binary logarithm
  View<Bf16> output;            ///< [batch, heads, 1, head_dim]
  float* log_sum_exp;           ///< [batch, heads]
};

}  // namespace hadal::dao::kernels::cuda
