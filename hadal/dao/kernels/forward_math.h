#pragma once

// What the forward kernels of all element types have in common: the products around the streaming
// softmax. Compiled once an instruction set.
#include "hadal/dao/kernels/flash.h"
#include "hadal/dao/kernels/products.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

/// A Math (see flash.h) for elements multiplied by `Products`.
template <class Products>
struct ForwardMath {
  typedef typename Products::Unit Unit;
  typedef typename Products::Element Element;
  static constexpr int kGroup = Products::kGroup;

  static int64_t tiled_rows(const Task& task) {
    return (task.rows + kRowStep - 1) / kRowStep * kRowStep;
  }

  static void store_weights(const State& state, int64_t row, int column, Vector weights) {
    Products::store_elements(state.weights, row * kScoreStride + column, weights);
  }

  static void load_queries(const Task& task, const State& state) {
    const auto* from = static_cast<const Element*>(task.queries);
    auto* to = reinterpret_cast<Element*>(state.queries);
    for (int64_t row = 0; row < kBlock; ++row) {
      for (int64_t i = 0; i < task.padded; ++i) {
        const bool inside = row < task.rows && i < task.head_dim;
        to[row * task.padded + i] = inside ? from[row * task.query_stride + i] : Element{};
      }
    }
  }

  static void score_block(const Task& task, const State& state, int64_t block, int column) {
    const int64_t units = task.padded / kGroup;
    const auto* keys = static_cast<const Unit*>(task.head.keys) + block * units * kBlock;
    const auto* left = reinterpret_cast<const Unit*>(state.queries);
    for (int c = 0; c < kBlock; c += kTileColumns) {
      for (int64_t row = 0; row < tiled_rows(task); row += kTileRows) {
        Tile tile = {};
        Products::multiply(tile, left + row * units, units, keys + c, kBlock, units);
        store_tile(state.scores + row * kScoreStride + column + c, kScoreStride, tile);
      }
    }
  }

  static void add_values(const Task& task, const State& state, const int64_t* blocks, int count) {
    const auto* values = static_cast<const Unit*>(task.head.values);
    const auto* left = reinterpret_cast<const Unit*>(state.weights);
    for (int64_t c = 0; c < task.padded; c += kTileColumns) {
      for (int64_t row = 0; row < tiled_rows(task); row += kTileRows) {
        float* output = state.output + row * task.padded + c;
        Tile tile;
        load_tile(tile, output, task.padded);
        for (int i = 0; i < count; ++i) {
          Products::multiply(tile, left + (row * kScoreStride + i * kBlock) / kGroup,
                             kScoreStride / kGroup,
                             values + blocks[i] * (kBlock / kGroup) * task.padded + c, task.padded,
                             kBlock / kGroup);
        }
        store_tile(output, task.padded, tile);
      }
    }
  }

  /// Of one block, whose weights stand first.
  static void add_seen_values(const Task& task, const State& state, int64_t block) {
    const auto* values =
        static_cast<const Unit*>(task.head.values) + block * (kBlock / kGroup) * task.padded;
    for (int64_t row = 0; row < task.rows; ++row) {
      for (uint64_t seen = seen_keys(task, row, block); seen != 0; seen &= seen - 1) {
        const int64_t key = __builtin_ctzll(seen);
        add_row<Products>(state.output + row * task.padded,
                          Products::element(state.weights, row * kScoreStride + key), values, key,
                          task.padded);
      }
    }
  }
};

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
