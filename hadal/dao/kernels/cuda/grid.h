#pragma once

// How many thread blocks each kernel takes, and into how many parts decoding is split.
#include "hadal/dao/kernels/cuda/params.h"

#include <type_traits>

namespace hadal::dao::kernels::cuda {

/// Threads of the kernels that give each row a warp.
inline constexpr int kRowThreads = 128;
inline constexpr int kDecodeRows = 16;  ///< heads of a row that a thread block works on

/// Calls `function` with the head size, as a type, that kernels are compiled for and which takes
/// `head_dim`; what lies beyond is zeros.
template <class Function>
void with_padded_head(int head_dim, const Function& function) {
  if (head_dim <= 64) {
    function(std::integral_constant<int, 64>());
  } else if (head_dim <= 128) {
    function(std::integral_constant<int, 128>());
  } else {
    function(std::integral_constant<int, 256>());
  }
}

inline std::int64_t query_items(const Shape& shape) {
  return std::int64_t{shape.batch} * shape.heads * blocks_in(shape.queries);
}

inline std::int64_t key_items(const Shape& shape) {
  return std::int64_t{shape.batch} * shape.kv_heads * blocks_in(shape.keys);
}

/// Thread blocks that give each of `rows` rows a warp.
inline std::int64_t row_items(std::int64_t rows) {
  constexpr int kRows = kRowThreads / 32;
  return (rows + kRows - 1) / kRows;
}

HADAL_HOST_DEVICE inline int decode_pieces(const DecodeParams& params) {
  return (params.heads_per_row + kDecodeRows - 1) / kDecodeRows;
}

inline std::int64_t decode_items(const DecodeParams& params) {
  return std::int64_t{params.batch} * (params.heads / params.heads_per_row) *
         decode_pieces(params) * params.splits;
}

/// Splits of each of `rows` rows of `pages` pages, so that all `multiprocessors` are busy twice
/// over but none gets less than four pages, below which starting up and combining cost more than a
/// split saves.
constexpr int decode_splits(std::int64_t rows, std::int64_t pages, int multiprocessors) {
  constexpr std::int64_t kLeastPages = 4;
  const std::int64_t wanted = rows == 0 ? 1 : (2 * multiprocessors + rows - 1) / rows;
  const std::int64_t most = pages / kLeastPages;
  const std::int64_t splits = wanted < most ? wanted : most;
  return static_cast<int>(splits < 1 ? 1 : splits);
}

}  // namespace hadal::dao::kernels::cuda
