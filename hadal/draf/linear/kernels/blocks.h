#pragma once

// Plain types only: this is compiled once an instruction set.
#include "hadal/draf/linear/kernels/activations.h"

namespace hadal::draf::kernels {

/// Outputs whose weights lie side by side: [16][4 inputs] bytes, so that a vector of 4-byte sums
/// has an output a lane.
inline constexpr int64_t kGroup = 16;
inline constexpr int64_t kQuads = kBlockInputs / 4;

/// A block of inputs of a group of outputs in 4 bits: code q stands for (q - 8) scale.
struct Int4Block {
  uint16_t scales[kGroup];                ///< bf16
  uint8_t codes[kQuads / 2][kGroup * 4];  ///< quad i in the lower half, i + 4 in the upper
};
/// In 8 bits: code q stands for q times the output's scale.
struct Int8Block {
  int8_t codes[kQuads][kGroup * 4];
};

/// Some groups of outputs of y = x W^T; what is summed up over a block is exact.
struct BlocksTask {
  const ActivationBlock* x;  ///< [rows][blocks]
  const void* weight;        ///< [groups][blocks] of Int4Block or Int8Block
  const float* scales;       ///< 8 bits: [groups * kGroup]; 4 bits: null
  int64_t rows;
  int64_t blocks;
  int64_t first;     ///< of the groups to compute
  int64_t last;      ///< the one after them
  float* y;          ///< [rows][y_stride]
  int64_t y_stride;  ///< at least kGroup times all groups
};

/// The same bits for a row whatever rows are beside it.
HADAL_ISA_DECLARE(void blocks_int4(const BlocksTask& task);
                  void blocks_int8(const BlocksTask& task);)

}  // namespace hadal::draf::kernels
