#pragma once

#include "hadal/hpts/monitor/statistics.h"
#include "hadal/hpts/precision/layers.h"

#include <vector>

namespace hadal::hpts {

/// Gradients arrive as those of the loss times `applied`, and values are counted as if it were the
/// loss times `intended`. With a GradScaler, before it unscales, both are its scale; in training
/// without one, `intended` is the scale that fp16 would get.
struct GradientScale {
  double applied = 1;
  double intended = 1;
};

/// Reads the gradients of a model's layers, each in one pass over memory: 4 bytes a value in fp32,
/// 2 in bf16, and nothing is written. Reading costs as much as reading the weights once; a step of
/// SGD with momentum moves at least 8 times as much (weights read twice, gradients written and
/// read, momentum and weights read and written), however small its batch.
class GradientMonitor {
 public:
  /// The layers' parameters are kept, not the model.
  explicit GradientMonitor(const torch::nn::Module& model);

  const std::vector<Layer>& layers() const { return layers_; }

  /// The statistics of each layer, in the order of layers(). Gradients may have any strides; a
  /// parameter without one is left out. The same for any number of threads. Where the calling
  /// thread takes subnormal numbers for zero (at::set_flush_denormal) only the norm is without
  /// them. Throws InvalidArgument for a scale that is not positive and finite, and Unsupported for
  /// a gradient that is neither fp32 nor bf16, sparse, or not on the CPU.
  std::vector<LayerStatistics> observe(const GradientScale& scale = {}) const;

 private:
  std::vector<Layer> layers_;
};

}  // namespace hadal::hpts
