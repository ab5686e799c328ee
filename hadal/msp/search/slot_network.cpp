#include "hadal/msp/search/slot_network.h"

#include "hadal/core/error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

namespace hadal::msp {
namespace {

torch::nn::Conv2d convolution(std::int64_t kernel, std::int64_t dilation, std::int64_t groups) {
  constexpr std::int64_t kWide = SlotNetworkImpl::kChannels;
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(kWide, kWide, kernel)
                               .padding(dilation * (kernel / 2))
                               .dilation(dilation)
                               .groups(groups));
}

std::vector<std::vector<Operation>> one_each(const Architecture& architecture) {
  std::vector<std::vector<Operation>> slots;
  for (const Operation operation : architecture) slots.push_back({operation});
  return slots;
}

}  // namespace

SlotNetworkImpl::SlotNetworkImpl(std::int64_t classes, std::int64_t size)
    : SlotNetworkImpl(
          classes, size,
          std::vector<std::vector<Operation>>(kSlots, {kOperations.begin(), kOperations.end()})) {
  mixing_ =
      at::zeros({static_cast<std::int64_t>(kSlots), static_cast<std::int64_t>(kOperations.size())})
          .requires_grad_();
}

SlotNetworkImpl::SlotNetworkImpl(std::int64_t classes, std::int64_t size,
                                 const Architecture& architecture)
    : SlotNetworkImpl(classes, size, one_each(architecture)) {}

SlotNetworkImpl::SlotNetworkImpl(std::int64_t classes, std::int64_t size,
                                 const std::vector<std::vector<Operation>>& slots)
    : torch::nn::Module("SlotNetwork") {
  if (classes < 2 || size < 4 || size % 4 != 0) {
    throw InvalidArgument(
        concat("SlotNetwork: expected 2 or more classes, and images of a multiple "
               "of 4 pixels, got ",
               classes, " and ", size));
  }
  stem_ = register_module(
      "stem", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, kChannels, 5).stride(2).padding(2)));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    auto& choices = slots_.emplace_back();
    for (const Operation operation : slots[i]) {
      Choice& choice = choices.emplace_back(Choice{.operation = operation});
      const std::string name = concat("slot", i, "_", name_of(operation));
      if (operation == Operation::conv3) choice.first = convolution(3, 1, 1);
      if (operation == Operation::conv5) choice.first = convolution(5, 1, 1);
      if (operation == Operation::dilated3) choice.first = convolution(3, 2, 1);
      if (operation == Operation::separable5) {
        choice.first = convolution(5, 1, kChannels);
        choice.second = register_module(name + "_points", convolution(1, 1, 1));
      }
      if (choice.first) register_module(name, choice.first);
    }
  }
  const std::int64_t quarter = size / 4;
  linear_ = register_module("linear", torch::nn::Linear(kChannels * quarter * quarter, classes));
}

at::Tensor SlotNetworkImpl::operate(std::size_t slot, std::size_t choice, const at::Tensor& x) {
  Choice& one = slots_[slot][choice];
  if (one.operation == Operation::identity) return x;
  if (one.operation == Operation::max_pool) return at::max_pool2d(x, 3, 1, 1);
  const at::Tensor y = one.first->forward(x);
  return at::relu(one.second ? one.second->forward(y) : y);
}

at::Tensor SlotNetworkImpl::slot(std::size_t slot, const at::Tensor& x) {
  if (slots_[slot].size() == 1) return operate(slot, 0, x);
  const at::Tensor weights = at::softmax(mixing_[static_cast<std::int64_t>(slot)], 0);
  at::Tensor sum;
  for (std::size_t i = 0; i < slots_[slot].size(); ++i) {
    const at::Tensor part = operate(slot, i, x) * weights[static_cast<std::int64_t>(i)];
    sum = i == 0 ? part : sum + part;
  }
  return sum;
}

at::Tensor SlotNetworkImpl::forward(const at::Tensor& images) {
  at::Tensor x = at::relu(stem_->forward(images));
  for (std::size_t i = 0; i < kSlots; ++i) {
    if (i == kSlots / 2) x = at::max_pool2d(x, 2);
    x = slot(i, x);
  }
  return linear_->forward(x.flatten(1));
}

Architecture SlotNetworkImpl::strongest() const {
  const at::Tensor best = mixing_.detach().argmax(1);
  Architecture architecture;
  for (std::size_t i = 0; i < kSlots; ++i) {
    const auto choice = best[static_cast<std::int64_t>(i)].item<std::int64_t>();
    architecture[i] = kOperations[static_cast<std::size_t>(choice)];
  }
  return architecture;
}

}  // namespace hadal::msp
