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

  static void attend(const Task& task, const State& state, int64_t& at, int64_t end) {
    attend_blocks<ForwardMath>(task, state, at, end);
  }

  static int64_t tiled_rows(const Task& task) {
    return (task.rows + kRowStep - 1) / kRowStep * kRowStep;
  }

  static void store_weights(const State& state, int64_t row, int column, Vector weights) {
    Products::store_elements(state.weights, row * kScoreStride + column, weights);
  }

  static void load_queries(const Task& task, const State& state) {
    const auto* from = static_cast<const Element*>(task.queries);
    auto* to = reinterpret_cast<Element*>(state.queries);
    for (int64_t row = 0; row < kBlock; ++row, to += task.padded) {
      const int64_t inside = row < task.rows ? task.head_dim : 0;
      for (int64_t i = 0; i < inside; ++i) to[i] = from[row * task.query_stride + i];
      for (int64_t i = inside; i < task.padded; ++i) to[i] = Element{};
    }
  }

  static const Unit* keys_of(const Task& task, int64_t block) {
    return static_cast<const Unit*>(task.head.keys) + place_of(task.head, block) / kGroup;
  }
  static const Unit* values_of(const Task& task, int64_t block) {
    return static_cast<const Unit*>(task.head.values) + place_of(task.head, block) / kGroup;
  }

  static void score_block(const Task& task, const State& state, int64_t block, int column) {
    const int64_t units = task.padded / kGroup;
    const Unit* keys = keys_of(task, block);
    Products::template multiply_matrices<Products>(
        state.scores + column, kScoreStride, tiled_rows(task), kBlock,
        {reinterpret_cast<const Unit*>(state.queries), units, &keys, kBlock, 1, units}, false);
  }

  static void add_values(const Task& task, const State& state, const Span& span) {
    constexpr int64_t kUnits = kBlock / kGroup;
    const Unit* values[kSpan];
    for (int i = 0; i < span.count; ++i) values[i] = values_of(task, span.blocks[i]);
    Products::template multiply_matrices<Products>(
        state.output, task.padded, tiled_rows(task), task.padded,
        {reinterpret_cast<const Unit*>(state.weights), kScoreStride / kGroup, values, task.padded,
         span.count, kUnits},
        true);
  }

  /// Of one block, whose weights stand first.
  static void add_seen_values(const Task& task, const State& state, int64_t block) {
    const Unit* values = values_of(task, block);
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
