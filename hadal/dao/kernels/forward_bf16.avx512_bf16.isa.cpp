#include "hadal/dao/kernels/flash.h"
#include "hadal/dao/kernels/products_bf16.h"

// Products of bfloat16 pairs, added up in fp32 (VDPBF16PS). Keys and values lie as pairs of
// neighbours along the dimension that is summed over, so that a vector holds 16 such pairs.
namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {
namespace {

int64_t tiled_rows(const Task& task) { return (task.rows + kTileRows - 1) / kTileRows * kTileRows; }

struct Bf16 : Bf16Products {
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
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights(state) + row * kScoreStride + column),
                        rounded(x));
  }

  static void score_block(const Task& task, const State& state, int64_t block, int column) {
    const int64_t pairs = task.padded / 2;
    const auto* keys = static_cast<const uint32_t*>(task.head.keys) + block * pairs * kBlock;
    const auto* left = reinterpret_cast<const uint32_t*>(queries(state));
    for (int c = 0; c < kBlock; c += kTileColumns) {
      for (int64_t row = 0; row < tiled_rows(task); row += kTileRows) {
        Tile tile = {};
        multiply(tile, left + row * pairs, pairs, keys + c, kBlock, pairs);
        store_tile(state.scores + row * kScoreStride + column + c, kScoreStride, tile);
      }
    }
  }

  static void add_values(const Task& task, const State& state, const int64_t* blocks, int count) {
    const auto* values = static_cast<const uint32_t*>(task.head.values);
    const auto* left = reinterpret_cast<const uint32_t*>(weights(state));
    for (int64_t c = 0; c < task.padded; c += kTileColumns) {
      for (int64_t row = 0; row < tiled_rows(task); row += kTileRows) {
        float* output = state.output + row * task.padded + c;
        Tile tile;
        load_tile(tile, output, task.padded);
        for (int i = 0; i < count; ++i) {
          multiply(tile, left + (row * kScoreStride + i * kBlock) / 2, kScoreStride / 2,
                   values + blocks[i] * (kBlock / 2) * task.padded + c, task.padded, kBlock / 2);
        }
        store_tile(output, task.padded, tile);
      }
    }
  }
};

}  // namespace

void forward_bf16(const Task& task) { run_task<Bf16>(task); }

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
