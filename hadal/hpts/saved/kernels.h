#pragma once

// Plain types only: this is compiled once an instruction set.
#include <stdint.h>

namespace hadal::hpts {

/// Values that share a scale in the format int8_blocks.
inline constexpr int64_t kBlockValues = 256;
/// Values whose bits of a ReLU a word holds.
inline constexpr int64_t kReluWord = 64;

/// Kernels for arrays of one element type, float or bf16, which `void` stands for. `rows` and
/// `channels` describe a dense matrix with a column a channel: what a channels-last image is.
struct Kernels {
  /// Blocks of kBlockValues (the last may be shorter), a value x as the code
  /// round((x - low) / step) of 0 to 255. ranges [blocks][2] gets low, the least value of the
  /// block, and step = (most - least) / 255, 0 where they are less than 1e-30 apart: x is restored
  /// to within step / 2, or 1e-30. A block with a value that is not finite is restored as such.
  void (*quantize)(const void* from, int64_t count, uint8_t* codes, float* ranges);
  void (*dequantize)(const uint8_t* codes, const float* ranges, int64_t count, void* to);
  void (*widen)(const void* from, int64_t count, float* to);
  void (*narrow)(const float* from, int64_t count, void* to);

  /// y = max(x, 0), NaN staying; bit i % 64 of word i / 64 of `positive` (kReluWord) tells where x
  /// > 0 or NaN. `to` may be `from`.
  void (*relu)(const void* from, int64_t count, void* to, uint64_t* positive);
  /// `grad` where the bit is set, else 0.
  void (*relu_grad)(const void* grad, const uint64_t* positive, int64_t count, void* to);

  /// Of each channel: its mean, and the sum of squared differences from it.
  void (*moments)(const void* x, int64_t rows, int64_t channels, float* mean, float* squares);
  /// y = x scale + shift, by channel.
  void (*normalize)(const void* x, int64_t rows, int64_t channels, const float* scale,
                    const float* shift, void* y);
  /// The same of floats, and max(y, 0) where `relu`.
  void (*normalize_floats)(const float* x, int64_t rows, int64_t channels, const float* scale,
                           const float* shift, bool relu, void* y);
  /// Of each channel: the sums of grad and of grad (x - mean).
  void (*norm_sums)(const void* grad, const float* x, int64_t rows, int64_t channels,
                    const float* mean, float* grads, float* products);
  /// grad of_grad + x of_x + shift, by channel.
  void (*norm_grad)(const void* grad, const float* x, int64_t rows, int64_t channels,
                    const float* of_grad, const float* of_x, const float* shift, void* to);
};

}  // namespace hadal::hpts
