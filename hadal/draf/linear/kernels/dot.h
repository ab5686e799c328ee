#pragma once

// Plain types only: this is compiled once an instruction set.
#include "hadal/core/isa.h"

#include <stdint.h>

namespace hadal::draf::kernels {

/// Some outputs of y = x W^T: y[r][o] is the sum over k of x[r][k] weight[o][k], in fp32.
struct DotTask {
  const void* x;       ///< [rows][depth], of the weights' type
  const void* weight;  ///< [outputs][depth]
  int64_t rows;
  int64_t depth;
  int64_t first;  ///< of the outputs to compute
  int64_t last;   ///< the one after them
  float* y;       ///< [rows], y_stride floats apart: that of output 0
  int64_t y_stride;
  float* scratch;  ///< dot_scratch_floats(rows, depth), aligned to 64 bytes
};

/// Elements along the depth that are summed up before they join the result, always the same ones.
inline constexpr int64_t kDepthBlock = 1024;
inline constexpr int64_t kRowBlock = 64;
/// Outputs that share a pass over x.
inline constexpr int64_t kPanel = 24;
/// So much of x stays in the second-level cache as a whole.
inline constexpr int64_t kWholeElements = int64_t{1} << 16;

inline bool keeps_whole(int64_t rows, int64_t depth) { return rows * depth <= kWholeElements; }

inline int64_t dot_scratch_floats(int64_t rows, int64_t depth) {
  const int64_t x = keeps_whole(rows, depth) ? rows * depth : kRowBlock * kDepthBlock;
  return x + 16 + kPanel * kDepthBlock;
}

/// The same bits for a row whatever rows are beside it, and however outputs are shared out.
HADAL_ISA_DECLARE(void dot_fp32(const DotTask& task); void dot_bf16(const DotTask& task);)

}  // namespace hadal::draf::kernels
