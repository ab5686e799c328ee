#pragma once

// Plain types only: this is compiled once an instruction set.
#include "hadal/core/isa.h"

#include <stdint.h>

namespace hadal::draf::kernels {

/// Rows of activations that lie together, in units of two neighbours of a row: [depth / 2][16].
inline constexpr int64_t kTileRows = 16;
/// Elements of a row that a tile has.
inline constexpr int64_t kTileDepth = 32;
/// Outputs that are worked on together.
inline constexpr int64_t kTileOutputs = 32;

/// Some outputs of y = x W^T in bf16, summed up in fp32; depth comes in multiples of kTileDepth.
struct TilesTask {
  const uint16_t* x;       ///< as pack_rows() gives it
  const uint16_t* weight;  ///< [outputs][depth]
  int64_t rows;
  int64_t depth;
  int64_t outputs;
  int64_t first;   ///< of the outputs to compute, a multiple of kTileOutputs
  int64_t last;    ///< the one after them
  float* y;        ///< [rows][outputs]
  uint16_t* tail;  ///< [kTileOutputs][depth], used where `last` is no multiple of kTileOutputs
};

/// x [rows][depth], its groups `first` to `last` of kTileRows, zeros beyond the rows.
HADAL_ISA_DECLARE(void pack_rows(const uint16_t* x, int64_t rows, int64_t depth, int64_t first,
                                 int64_t last, uint16_t* to);)
/// The same bits for a row whatever rows are beside it.
HADAL_ISA_DECLARE(void multiply_tiles(const TilesTask& task);)

}  // namespace hadal::draf::kernels
