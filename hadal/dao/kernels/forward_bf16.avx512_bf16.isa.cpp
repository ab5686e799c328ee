#include "hadal/dao/kernels/flash.h"

#include <immintrin.h>

// Products of bfloat16 pairs, added up in fp32 (VDPBF16PS). Keys and values lie as pairs of
// neighbours along the dimension that is summed over, so that a vector holds 16 such pairs.
namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {
namespace {

constexpr int kTileRows = 8;
constexpr int kTileVectors = 2;
constexpr int kTileColumns = kTileVectors * kWidth;

int64_t tiled_rows(const Task& task) { return (task.rows + kTileRows - 1) / kTileRows * kTileRows; }

__m512bh load_pairs(const uint32_t* from) {
  return reinterpret_cast<__m512bh>(_mm512_loadu_si512(from));
}

/// Adds a [kTileRows, depth] pairs (rows `a_stride` pairs apart) times b [depth, kTileColumns]
/// pairs (rows `b_stride` pairs apart) to `tile`.
inline void multiply(__m512 (&tile)[kTileRows][kTileVectors], const uint32_t* a, int64_t a_stride,
                     const uint32_t* b, int64_t b_stride, int64_t depth) {
  for (int64_t k = 0; k < depth; ++k) {
    __m512bh right[kTileVectors];
    for (int v = 0; v < kTileVectors; ++v) right[v] = load_pairs(b + k * b_stride + v * kWidth);
    for (int r = 0; r < kTileRows; ++r) {
      const auto left =
          reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(a[r * a_stride + k])));
      for (int v = 0; v < kTileVectors; ++v) {
        tile[r][v] = _mm512_dpbf16_ps(tile[r][v], left, right[v]);
      }
    }
  }
}

struct Bf16 {
  static uint16_t* queries(const State& state) {
    return reinterpret_cast<uint16_t*>(state.queries);
  }
  static uint16_t* weights(const State& state) {
    return reinterpret_cast<uint16_t*>(state.weights);
  }

  static void load_queries(const Task& task, const State& state) {
    const auto* from = static_cast<const uint16_t*>(task.queries);
    for (int64_t row = 0; row < kBlock; ++row) {
      for (int64_t i = 0; i < task.padded; ++i) {
        const bool inside = row < task.rows && i < task.head_dim;
        queries(state)[row * task.padded + i] =
            inside ? from[row * task.query_stride + i] : uint16_t{0};
      }
    }
  }

  static void store_weights(const State& state, int64_t row, int column, Vector x) {
    const __m256bh rounded = _mm512_cvtneps_pbh(reinterpret_cast<__m512>(x));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights(state) + row * kScoreStride + column),
                        reinterpret_cast<__m256i>(rounded));
  }

  static void score_block(const Task& task, const State& state, int64_t block, int column) {
    const int64_t pairs = task.padded / 2;
    const auto* keys = static_cast<const uint32_t*>(task.head.keys) + block * pairs * kBlock;
    const auto* left = reinterpret_cast<const uint32_t*>(queries(state));
    for (int c = 0; c < kBlock; c += kTileColumns) {
      for (int64_t row = 0; row < tiled_rows(task); row += kTileRows) {
        __m512 tile[kTileRows][kTileVectors] = {};
        multiply(tile, left + row * pairs, pairs, keys + c, kBlock, pairs);
        for (int r = 0; r < kTileRows; ++r) {
          float* to = state.scores + (row + r) * kScoreStride + column + c;
          for (int v = 0; v < kTileVectors; ++v) _mm512_storeu_ps(to + v * kWidth, tile[r][v]);
        }
      }
    }
  }

  static void add_values(const Task& task, const State& state, const int64_t* blocks, int count) {
    const auto* values = static_cast<const uint32_t*>(task.head.values);
    const auto* left = reinterpret_cast<const uint32_t*>(weights(state));
    for (int64_t c = 0; c < task.padded; c += kTileColumns) {
      for (int64_t row = 0; row < tiled_rows(task); row += kTileRows) {
        float* output = state.output + row * task.padded + c;
        __m512 tile[kTileRows][kTileVectors];
        for (int r = 0; r < kTileRows; ++r) {
          for (int v = 0; v < kTileVectors; ++v) {
            tile[r][v] = _mm512_loadu_ps(output + r * task.padded + v * kWidth);
          }
        }
        for (int i = 0; i < count; ++i) {
          multiply(tile, left + (row * kScoreStride + i * kBlock) / 2, kScoreStride / 2,
                   values + blocks[i] * (kBlock / 2) * task.padded + c, task.padded, kBlock / 2);
        }
        for (int r = 0; r < kTileRows; ++r) {
          for (int v = 0; v < kTileVectors; ++v) {
            _mm512_storeu_ps(output + r * task.padded + v * kWidth, tile[r][v]);
          }
        }
      }
    }
  }
};

}  // namespace

void forward_bf16(const Task& task) { run_task<Bf16>(task); }

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
