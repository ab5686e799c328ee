#pragma once

// Plain types only: this is compiled once an instruction set.
#include "hadal/draf/linear/kernels/blocks.h"

namespace hadal::draf::kernels {

/// With rows enough for tiles, so many blocks of inputs of a group's weights stay in the
/// first-level cache, and so many rows of activations in the second.
inline constexpr int64_t kTileBlocks = 32;
inline constexpr int64_t kTileBlockRows = 512;
/// Groups whose sums are held at once.
inline constexpr int64_t kTileGroups = 8;

/// Some groups of outputs of y = x W^T + bias, as bf16.
struct BlockTilesTask {
  const ActivationTile* x;  ///< [rows / kActivationRows, rounded up][blocks]
  const void* weight;       ///< as BlocksTask has it
  const float* scales;      ///< likewise
  const float* bias;        ///< [outputs], or null
  int64_t rows;
  int64_t blocks;
  int64_t outputs;
  int64_t first;  ///< of the groups to compute
  int64_t last;   ///< the one after them
  uint16_t* y;    ///< [rows][outputs]
  int8_t* codes;  ///< kBlockTilesScratchBytes of scratch memory, aligned to 64 bytes
  float* sums;    ///< kBlockTilesScratchFloats, likewise
};

inline constexpr int64_t kBlockTilesScratchBytes = kTileBlocks * kBlockInputs * kGroup;
inline constexpr int64_t kBlockTilesScratchFloats = kTileGroups * kGroup * kTileBlockRows;

/// The bits that blocks_int4() and blocks_int8() of the level below give, and then bias, rounded.
HADAL_ISA_DECLARE(void block_tiles_int4(const BlockTilesTask& task);
                  void block_tiles_int8(const BlockTilesTask& task);)

}  // namespace hadal::draf::kernels
