#include "hadal/dao/kernels/flash.h"
#include "hadal/dao/kernels/products.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {
namespace {

int64_t tiled_rows(const Task& task) { return (task.rows + kTileRows - 1) / kTileRows * kTileRows; }

struct Fp32 : Fp32Products {
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
        Tile tile = {};
        multiply(tile, state.queries + row * task.padded, task.padded, keys + c, kBlock,
                 task.padded);
        store_tile(state.scores + row * kScoreStride + column + c, kScoreStride, tile);
      }
    }
  }

  static void add_values(const Task& task, const State& state, const int64_t* blocks, int count) {
    const float* values = static_cast<const float*>(task.head.values);
    for (int64_t c = 0; c < task.padded; c += kTileColumns) {
      for (int64_t row = 0; row < tiled_rows(task); row += kTileRows) {
        float* output = state.output + row * task.padded + c;
        Tile tile;
        load_tile(tile, output, task.padded);
        for (int i = 0; i < count; ++i) {
          multiply(tile, state.weights + row * kScoreStride + i * kBlock, kScoreStride,
                   values + blocks[i] * kBlock * task.padded + c, task.padded, kBlock);
        }
        store_tile(output, task.padded, tile);
      }
    }
  }
};

}  // namespace

void forward_fp32(const Task& task) { run_task<Fp32>(task); }

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
