#include "hadal/dao/kernels/flash.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {
namespace {

// Rows and vectors of a tile that is kept in registers.
constexpr int kTileRows = kWidth == 16 ? 8 : 4;
constexpr int kTileVectors = 2;
constexpr int kTileColumns = kTileVectors * kWidth;

int64_t tiled_rows(const Task& task) { return (task.rows + kTileRows - 1) / kTileRows * kTileRows; }

/// Adds a [kTileRows, depth] (rows `a_stride` apart) times b [depth, kTileColumns] (rows `b_stride`
/// apart) to `tile`.
inline void multiply(Vector (&tile)[kTileRows][kTileVectors], const float* a, int64_t a_stride,
                     const float* b, int64_t b_stride, int64_t depth) {
  for (int64_t k = 0; k < depth; ++k) {
    Vector right[kTileVectors];
    for (int v = 0; v < kTileVectors; ++v) right[v] = load(b + k * b_stride + v * kWidth);
    for (int r = 0; r < kTileRows; ++r) {
      const Vector left = broadcast(a[r * a_stride + k]);
      for (int v = 0; v < kTileVectors; ++v) tile[r][v] += left * right[v];
    }
  }
}

struct Fp32 {
  static void load_queries(const Task& task, const State& state) {
    const float* from = static_cast<const float*>(task.queries);
    for (int64_t row = 0; row < kBlock; ++row) {
      for (int64_t i = 0; i < task.padded; ++i) {
        const bool inside = row < task.rows && i < task.head_dim;
        state.queries[row * task.padded + i] = inside ? from[row * task.query_stride + i] : 0;
      }
    }
  }

  static void store_weights(const State& state, int64_t row, int column, Vector weights) {
    store(state.weights + row * kScoreStride + column, weights);
  }

  static void score_block(const Task& task, const State& state, int64_t block, int column) {
    const float* keys = static_cast<const float*>(task.head.keys) + block * task.padded * kBlock;
    for (int c = 0; c < kBlock; c += kTileColumns) {
      for (int64_t row = 0; row < tiled_rows(task); row += kTileRows) {
        Vector tile[kTileRows][kTileVectors] = {};
        multiply(tile, state.queries + row * task.padded, task.padded, keys + c, kBlock,
                 task.padded);
        for (int r = 0; r < kTileRows; ++r) {
          float* to = state.scores + (row + r) * kScoreStride + column + c;
          for (int v = 0; v < kTileVectors; ++v) store(to + v * kWidth, tile[r][v]);
        }
      }
    }
  }

  static void add_values(const Task& task, const State& state, const int64_t* blocks, int count) {
    const float* values = static_cast<const float*>(task.head.values);
    for (int64_t c = 0; c < task.padded; c += kTileColumns) {
      for (int64_t row = 0; row < tiled_rows(task); row += kTileRows) {
        float* output = state.output + row * task.padded + c;
        Vector tile[kTileRows][kTileVectors];
        for (int r = 0; r < kTileRows; ++r) {
          for (int v = 0; v < kTileVectors; ++v) {
            tile[r][v] = load(output + r * task.padded + v * kWidth);
          }
        }
        for (int i = 0; i < count; ++i) {
          multiply(tile, state.weights + row * kScoreStride + i * kBlock, kScoreStride,
                   values + blocks[i] * kBlock * task.padded + c, task.padded, kBlock);
        }
        for (int r = 0; r < kTileRows; ++r) {
          for (int v = 0; v < kTileVectors; ++v) {
            store(output + r * task.padded + v * kWidth, tile[r][v]);
          }
        }
      }
    }
  }
};

}  // namespace

void forward_fp32(const Task& task) { run_task<Fp32>(task); }

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
