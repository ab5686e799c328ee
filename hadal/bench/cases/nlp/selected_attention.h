#pragma once

#include "hadal/dao/select/selector.h"

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// Attention for a decoder over the blocks that each layer's selector keeps, which accounts for
/// what it did. Pass it by std::ref, to read it after. Without gradients.
class SelectedAttention {
 public:
  using Selectors = std::vector<std::shared_ptr<const dao::Selector>>;

  explicit SelectedAttention(Selectors of_layers) : selectors_(std::move(of_layers)) {}

  at::Tensor operator()(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                        std::int64_t layer);

  /// Share of the visible pairs of a query and a key that was kept, the mean over all calls.
  double kept() const { return kept_ / calls_; }
  /// Floating-point operations of all calls, the choice included.
  double flops() const { return flops_; }

 private:
  Selectors selectors_;
  double kept_ = 0, calls_ = 0, flops_ = 0;
};

}  // namespace hadal::bench
