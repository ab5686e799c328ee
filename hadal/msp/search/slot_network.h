#pragma once

#include "hadal/msp/search/space.h"

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace hadal::msp {

/// A network of the search space, or all of them at once (a supernet; Liu et al., 2019, "DARTS"):
/// a slot that has several operations gives the mean of them, weighted by the softmax of its row of
/// mixing(). No batch norms, whose statistics several operations would share.
class SlotNetworkImpl : public torch::nn::Module {
 public:
  static constexpr std::int64_t kChannels = 24;

  /// Of grey images of `size` x `size`, a multiple of 4.
  SlotNetworkImpl(std::int64_t classes, std::int64_t size);
  SlotNetworkImpl(std::int64_t classes, std::int64_t size, const Architecture& architecture);

  /// Images fp32 [n, 1, size, size] in [0, 1] to logits [n, classes].
  at::Tensor forward(const at::Tensor& images);

  /// fp32 [slots, operations], zeros at first; only of a supernet. It is no parameter of the
  /// module, as it learns from other examples.
  at::Tensor& mixing() { return mixing_; }
  /// The operation of each slot that weighs most; only of a supernet.
  Architecture strongest() const;

 private:
  SlotNetworkImpl(std::int64_t classes, std::int64_t size,
                  const std::vector<std::vector<Operation>>& slots);
  at::Tensor operate(std::size_t slot, std::size_t choice, const at::Tensor& x);
  at::Tensor slot(std::size_t slot, const at::Tensor& x);

  struct Choice {
    Operation operation;
    torch::nn::Conv2d first{nullptr}, second{nullptr};  // those that it needs
  };
  torch::nn::Conv2d stem_{nullptr};
  std::vector<std::vector<Choice>> slots_;
  torch::nn::Linear linear_{nullptr};
  at::Tensor mixing_;
};
TORCH_MODULE(SlotNetwork);

}  // namespace hadal::msp
