#pragma once

// Plain types only: this is compiled once an instruction set.
#include "hadal/core/isa.h"

#include <stdint.h>

namespace hadal::draf::kernels {

/// Inputs that share a scale, of an activation and, in 4 bits, of a weight.
inline constexpr int64_t kBlockInputs = 32;
/// Rows of an ActivationTile.
inline constexpr int64_t kActivationRows = 16;

/// A block of a row of activations in 8 bits.
struct ActivationBlock {
  float scale;
  int32_t sum;  ///< of the codes
  int8_t codes[kBlockInputs];
};

/// A block of kActivationRows rows.
struct ActivationTile {
  float scales[kActivationRows];
  int8_t codes[kActivationRows][kBlockInputs];
};

/// A row of bf16 activations, to the nearest codes; one that is not finite makes its block NaN.
HADAL_ISA_DECLARE(void quantize_row(const uint16_t* from, int64_t blocks, ActivationBlock* to);)
/// The same for up to kActivationRows rows, dense, as [blocks] tiles, with zeros for those that
/// there are not.
HADAL_ISA_DECLARE(void quantize_rows(const uint16_t* from, int64_t rows, int64_t blocks,
                                     ActivationTile* to);)

}  // namespace hadal::draf::kernels
