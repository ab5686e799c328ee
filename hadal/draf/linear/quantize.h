#pragma once

#include "hadal/draf/linear/kernels/blocks.h"

#include <cstdint>

namespace hadal::draf {

/// Packs `group`, the weights of kernels::kGroup outputs, [kGroup][inputs] fp32 that are finite,
/// into inputs / kBlockInputs blocks.
void quantize_group(const float* group, std::int64_t inputs, kernels::Int4Block* to);
/// The same in 8 bits; gives the outputs' scales.
void quantize_group(const float* group, std::int64_t inputs, kernels::Int8Block* to, float* scales);

/// The weights that codes stand for, as they were packed.
void dequantize_group(const kernels::Int4Block* from, std::int64_t inputs, float* group);
void dequantize_group(const kernels::Int8Block* from, const float* scales, std::int64_t inputs,
                      float* group);

}  // namespace hadal::draf
