#pragma once

// Plain types only: this is compiled once an instruction set.
#include "hadal/core/isa.h"

#include <stdint.h>

namespace hadal::draf::kernels {

/// Rows of activations that lie together.
inline constexpr int64_t kTileRows = 16;
/// Elements of a row that a tile has.
inline constexpr int64_t kTileDepth = 32;
/// Outputs that are worked on together.
inline constexpr int64_t kTileOutputs = 32;

/// Up to so many rows weights are used once or twice, and where they lie.
inline constexpr int64_t kFewRows = 4 * kTileRows;
/// With more rows, the weights of kTileOutputs outputs and so many inputs stay in the first-level
/// cache, and so many rows of activations and panels of kTileOutputs sums in the second.
inline constexpr int64_t kTilesDepth = 512;
inline constexpr int64_t kTilesRows = 512;
inline constexpr int64_t kTilesPanels = 8;

/// Some outputs of y = x W^T + bias in bf16, summed up in fp32; depth comes in multiples of
/// kTileDepth.
struct TilesTask {
  const uint16_t* x;       ///< as pack_rows() gives it
  const uint16_t* weight;  ///< [outputs][depth]
  const float* bias;       ///< [outputs], or null
  int64_t rows;
  int64_t depth;
  int64_t outputs;
  int64_t first;      ///< of the outputs to compute, a multiple of kTileOutputs
  int64_t last;       ///< the one after them
  uint16_t* y;        ///< [rows][outputs]
  uint16_t* weights;  ///< tiles_scratch_elements() of scratch memory, aligned to 64 bytes
  float* sums;        ///< tiles_scratch_floats(), likewise
};

/// Up to kFewRows the weights of kTileOutputs outputs, where fewer than those are left; else a
/// block of them in the order of tiles.
inline int64_t tiles_scratch_elements(int64_t rows, int64_t depth) {
  return kTileOutputs * (rows <= kFewRows ? depth : kTilesDepth);
}
inline int64_t tiles_scratch_floats(int64_t rows) {
  if (rows <= kFewRows) return 0;
  const int64_t at_once = rows < kTilesRows ? (rows + 31) / 32 * 32 : kTilesRows;
  return kTilesPanels * kTileOutputs * at_once;
}

/// x [rows][depth], its groups `first` to `last` of kTileRows, zeros beyond the rows: for each part
/// of kTilesDepth inputs [groups][inputs / 2][kTileRows], in units of two neighbours of a row.
HADAL_ISA_DECLARE(void pack_rows(const uint16_t* x, int64_t rows, int64_t depth, int64_t first,
                                 int64_t last, uint16_t* to);)
/// The same bits for a row whatever rows are beside it.
HADAL_ISA_DECLARE(void multiply_tiles(const TilesTask& task);)

}  // namespace hadal::draf::kernels
